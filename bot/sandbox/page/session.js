/** The chosen person and channel, kept in the page's address. */

export const SLACKBOT = "USLACKBOT";

/**
 * Dispatches "place" when the chosen person or channel changes, "workspace" when people or channels change, and
 * "unread" when the channels with new messages are known.
 */
export class Session extends EventTarget {
  /** @param {Object} workspace the answer of /sandbox/workspace */
  constructor(workspace) {
    super();
    this.workspace = workspace;
    this.unread = new Set();
    const wanted = new URLSearchParams(location.hash.slice(1));
    this.viewer = this.person(wanted.get("as"))?.id ?? workspace.people[0].id;
    this.channelId = wanted.get("in");
    this.settle();
  }

  get channel() {
    return this.workspace.channels.find((channel) => channel.id === this.channelId);
  }

  /** The names of people, the bot and channels by their ids, for mentions. */
  get names() {
    const { people, channels, bot } = this.workspace;
    const entries = [...people, ...channels].map(({ id, name }) => [id, name]);
    return Object.fromEntries([...entries, [bot.user_id, bot.name], [SLACKBOT, "Slackbot"]]);
  }

  get visibleChannels() {
    return this.workspace.channels.filter((channel) => this.sees(channel));
  }

  person(id) {
    return this.workspace.people.find((person) => person.id === id);
  }

  /** Whether the viewer sees a channel; a guest from another workspace only sees their own channels. */
  sees(channel) {
    const isGuest = Boolean(this.person(this.viewer).team_id);
    return (channel.kind === "public" && !isGuest) || channel.members.includes(this.viewer);
  }

  /** Return a channel's name for the viewer: a conversation of people has the names of the others. */
  nameOf(channel) {
    if (channel.kind === "public" || channel.kind === "private") return channel.name;
    const others = channel.members.filter((id) => id !== this.viewer);
    return others.map((id) => this.names[id] ?? id).join(", ") || channel.name;
  }

  become(viewer) {
    this.viewer = viewer;
    this.moved();
  }

  enter(channelId) {
    this.channelId = channelId;
    this.moved();
  }

  replaceWorkspace(workspace) {
    this.workspace = workspace;
    this.settle();
    this.dispatchEvent(new Event("workspace"));
  }

  moved() {
    this.settle();
    this.dispatchEvent(new Event("place"));
  }

  /** Replace a channel that the viewer cannot see by the first one with the bot in it. */
  settle() {
    if (!this.channel || !this.sees(this.channel)) {
      const seen = this.visibleChannels;
      this.channelId = (seen.find((channel) => channel.bot_is_member) ?? seen[0]).id;
    }
    history.replaceState(null, "", `#${new URLSearchParams({ as: this.viewer, in: this.channelId })}`);
  }
}
