/** The emoji that bots use most, by Slack's names. */

const TABLE = {
  "+1": "👍", "-1": "👎", alarm_clock: "⏰", arrow_down: "⬇️", arrow_forward: "▶️", arrow_left: "⬅️",
  arrow_right: "➡️", arrow_up: "⬆️", arrows_counterclockwise: "🔄", ballot_box_with_check: "☑️",
  bar_chart: "📊", bell: "🔔", black_circle: "⚫", black_square_for_stop: "⏹️", blue_heart: "💙",
  bookmark: "🔖", boom: "💥", broken_heart: "💔", bug: "🐛", bulb: "💡", busts_in_silhouette: "👥",
  bust_in_silhouette: "👤", calendar: "📆", camera: "📷", chart_with_downwards_trend: "📉",
  chart_with_upwards_trend: "📈", clapper: "🎬", clap: "👏", clipboard: "📋", clock1: "🕐", clock3: "🕒",
  cloud: "☁️", coffee: "☕", computer: "💻", construction: "🚧", cry: "😢", dart: "🎯",
  desktop_computer: "🖥️", double_vertical_bar: "⏸️", earth_asia: "🌏", email: "✉️", exclamation: "❗",
  eyes: "👀", file_folder: "📁", fire: "🔥", gear: "⚙️", ghost: "👻", globe_with_meridians: "🌐",
  green_heart: "💚", grey_question: "❔", hammer: "🔨", hammer_and_wrench: "🛠️", handshake: "🤝",
  headphones: "🎧", heart: "❤️", heavy_check_mark: "✔️", heavy_minus_sign: "➖",
  heavy_multiplication_x: "✖️", heavy_plus_sign: "➕", hourglass: "⌛", hourglass_flowing_sand: "⏳",
  house: "🏠", information_source: "ℹ️", iphone: "📱", joy: "😂", key: "🔑", label: "🏷️",
  large_blue_circle: "🔵", large_green_circle: "🟢", large_orange_circle: "🟠", large_red_square: "🟥",
  large_yellow_circle: "🟡", link: "🔗", lock: "🔒", loud_sound: "🔊", mag: "🔍", mailbox: "📫",
  mega: "📣", memo: "📝", microphone: "🎤", movie_camera: "🎥", mute: "🔇", no_bell: "🔕", no_entry: "⛔",
  no_entry_sign: "🚫", octagonal_sign: "🛑", ok_hand: "👌", package: "📦", page_facing_up: "📄",
  paperclip: "📎", pencil: "📝", pencil2: "✏️", phone: "☎️", point_right: "👉", pray: "🙏",
  pushpin: "📌", question: "❓", raised_hands: "🙌", recycle: "♻️", red_circle: "🔴", robot_face: "🤖",
  rocket: "🚀", rotating_light: "🚨", satellite: "📡", scroll: "📜", seedling: "🌱", shield: "🛡️",
  slightly_smiling_face: "🙂", smile: "😄", smiley: "😃", snail: "🐌", sos: "🆘", sparkles: "✨",
  speech_balloon: "💬", star: "⭐", stopwatch: "⏱️", studio_microphone: "🎙️", sunny: "☀️",
  sunglasses: "😎", tada: "🎉", thinking_face: "🤔", thumbsdown: "👎", thumbsup: "👍", timer_clock: "⏲️",
  tools: "🛠️", traffic_light: "🚥", tv: "📺", unlock: "🔓", video_camera: "📹", warning: "⚠️",
  wastebasket: "🗑️", wave: "👋", white_check_mark: "✅", white_circle: "⚪", wink: "😉", wrench: "🔧",
  x: "❌", zap: "⚡", zzz: "💤",
};

const NAME = /:([a-z0-9_+-]+):/g;

/** Return the emoji of a name, or `:name:` if it is not in the table. */
export function emoji(name) {
  return Object.hasOwn(TABLE, name) ? TABLE[name] : `:${name}:`;
}

/** Replace every known `:name:` in a text. */
export function withEmoji(text) {
  return text.replace(NAME, (_, name) => emoji(name));
}
