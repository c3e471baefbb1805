/** The dialog that asks for confirmation before an action. */

import { el, freshId } from "./dom.js";
import { plain, textNodes } from "./mrkdwn.js";

/**
 * Ask, and return whether the person agreed. The safe answer has the focus.
 * @param {Object} wish Slack's confirm object: title, text, confirm, deny, style
 * @param {Object<string, string>} names
 * @returns {Promise<boolean>}
 */
export function confirmed(wish, names) {
  const title = freshId("confirm");
  const text = freshId("confirm-text");
  const agree = wish.style === "danger" ? "button button-danger" : "button button-primary";
  const dialog = el(
    "dialog",
    { class: "dialog dialog-small", "aria-labelledby": title, "aria-describedby": text, role: "alertdialog" },
    el(
      "form",
      { method: "dialog" },
      el("header", { class: "dialog-head" }, el("h2", { id: title }, plain(wish.title?.text ?? ""))),
      el("div", { id: text, class: "dialog-body text" }, textNodes(wish.text, names)),
      el(
        "footer",
        { class: "dialog-foot" },
        el("button", { class: "button", value: "deny", autofocus: true }, plain(wish.deny?.text ?? "Cancel")),
        el("button", { class: agree, value: "confirm" }, plain(wish.confirm?.text ?? "Yes")),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "confirm");
    });
  });
}
