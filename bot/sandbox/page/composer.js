/** The input for commands: ARIA's editable combobox with the known commands and global shortcuts. */

import { sendCommand, useShortcut } from "./api.js";
import { el } from "./dom.js";

export class Composer {
  /**
   * @param {HTMLFormElement} form holds the input, the list of commands, the hint and the status
   * @param {Object} session
   */
  constructor(form, session) {
    this.session = session;
    this.form = form;
    this.input = form.querySelector("[role=combobox]");
    this.list = form.querySelector("[role=listbox]");
    this.hint = form.querySelector(".composer-hint");
    this.status = form.querySelector(".composer-status");
    this.history = [];
    this.recalled = 0;
    this.underWay = [];
    this.matches = [];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(this.input.value.trim());
    });
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => this.closeList());
    session.addEventListener("place", () => this.place());
    this.place();
  }

  place() {
    const { channel } = this.session;
    this.input.placeholder = `Type / for commands in ${this.session.nameOf(channel)}`;
    this.input.disabled = channel.archived;
    if (channel.archived) this.input.placeholder = "This channel is archived";
    this.say("");
  }

  /** Fill in a command and send it, as if a person had typed it. */
  play(command) {
    this.input.value = command;
    this.typed();
    this.input.focus();
    return this.send(command);
  }

  async send(typed) {
    if (!typed) return;
    if (!typed.startsWith("/")) {
      this.say(
        "Only commands work here: the bot does not read messages. Type / to see its commands.",
        "note",
      );
      return;
    }
    this.history.push(typed);
    this.recalled = this.history.length;
    this.input.value = "";
    this.typed();
    await this.deliver(typed);
  }

  async deliver(typed) {
    const [, command, text] = /^(\S+)\s*([\s\S]*)$/.exec(typed);
    const { viewer, channelId } = this.session;
    this.underWay.push(typed);
    this.say(this.sending(), "sending");
    let failure = null;
    try {
      const { error } = await sendCommand(command, text, viewer, channelId);
      failure = error && inSlacksWords(command, error);
    } catch (error) {
      failure = error.message;
    }
    this.underWay.splice(this.underWay.indexOf(typed), 1);
    if (failure) this.say(failure, "failed");
    else this.say(this.sending(), "sending");
  }

  sending() {
    return this.underWay.length ? `Sending ${this.underWay.at(-1)} …` : "";
  }

  /** @param {"sending"|"failed"|"note"} [look] */
  say(words, look = "note") {
    this.status.textContent = words;
    this.status.className = `composer-status is-${look}`;
  }

  typed() {
    const { value } = this.input;
    const commands = this.session.workspace.commands ?? [];
    this.matches = /^\/\S*$/.test(value) ? commands.filter(({ command }) => command.startsWith(value)) : [];
    this.matches.sort((one, other) => one.command.length - other.command.length);
    this.matches.push(...this.shortcutsFor(value));
    this.list.replaceChildren(...this.matches.map((match, at) => this.drawMatch(match, at)));
    const known = commands.find(({ command }) => value.startsWith(`${command} `));
    this.hint.textContent = known ? `${known.command} ${known.usage_hint ?? ""}` : "";
    this.hint.hidden = !known;
    if (value && !this.status.classList.contains("is-sending")) this.say("");
    if (this.matches.length) this.openList();
    else this.closeList();
  }

  /** Return the global shortcuts with the typed text in their names: Slack lists them with the commands. */
  shortcutsFor(value) {
    if (!/^\/\S*$/.test(value)) return [];
    const shortcuts = this.session.workspace.shortcuts ?? [];
    const wanted = value.slice(1).toLowerCase();
    return shortcuts.filter(({ of_messages: ofMessages, name }) => !ofMessages && name.toLowerCase().includes(wanted));
  }

  drawMatch({ command, name, description, usage_hint: usage }, at) {
    return el(
      "li",
      {
        role: "option",
        id: `command-${at}`,
        class: "command",
        onpointerdown: (event) => event.preventDefault(),
        onpointermove: () => this.activate(at),
        onclick: () => this.complete(at),
      },
      el("span", { class: "command-line" }, el("strong", {}, command ?? name), usage && el("span", {}, ` ${usage}`)),
      description && el("small", {}, description),
    );
  }

  get isOpen() {
    return !this.list.hidden;
  }

  openList() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.activate(0);
  }

  closeList() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  activate(at) {
    this.active = (at + this.matches.length) % this.matches.length;
    [...this.list.children].forEach((item, index) => {
      item.setAttribute("aria-selected", String(index === this.active));
      if (index === this.active) item.scrollIntoView({ block: "nearest" });
    });
    this.input.setAttribute("aria-activedescendant", `command-${this.active}`);
  }

  complete(at) {
    const { command, callback_id: shortcut } = this.matches[at];
    if (shortcut) return this.use(shortcut);
    this.input.value = `${command} `;
    this.input.focus();
    this.typed();
  }

  async use(shortcut) {
    this.input.value = "";
    this.typed();
    try {
      const { error } = await useShortcut(this.session.viewer, shortcut, this.session.channelId);
      this.say(error ? `That did not work: ${error}` : "", "failed");
    } catch (error) {
      this.say(error.message, "failed");
    }
  }

  pressed(event) {
    const act = this.isOpen ? this.listKey(event) : this.historyKey(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Enter sends a command that is typed in full, and completes any other. */
  listKey({ key, shiftKey }) {
    const isWhole = this.matches[this.active]?.command === this.input.value;
    const complete = () => this.complete(this.active);
    return {
      ArrowDown: () => this.activate(this.active + 1),
      ArrowUp: () => this.activate(this.active - 1),
      Escape: () => this.closeList(),
      Enter: isWhole ? null : complete,
      Tab: shiftKey ? null : complete,
    }[key];
  }

  /** Arrow up in an empty composer recalls the last command, and then earlier ones. */
  historyKey({ key }) {
    const isRecalling = this.input.value === (this.history[this.recalled] ?? "");
    if (!isRecalling || !this.history.length) return null;
    return { ArrowUp: () => this.recall(-1), ArrowDown: () => this.recall(1) }[key];
  }

  recall(by) {
    this.recalled = Math.max(0, Math.min(this.recalled + by, this.history.length));
    this.input.value = this.history[this.recalled] ?? "";
    this.closeList();
  }
}

function inSlacksWords(command, error) {
  return error === "unknown_command"
    ? `${command} is not a valid command.`
    : `${command} failed with the error “${error}”`;
}
