/** Addresses that people open. A message opens in this page, as Slack shows it in its own window. */

const MESSAGE = /^https:\/\/[^/]+\.slack\.com\/archives\/(\w+)\/p(\d{10})(\d{6})$/;

/** Open an address: of a message, in this page; of anything else, elsewhere. */
export function openAddress(address) {
  if (!openMessage(address)) window.open(address, "_blank", "noopener");
}

/** Show the message with this address; return false if it is the address of something else. */
export function openMessage(address) {
  const [, channel, seconds, micros] = MESSAGE.exec(address) ?? [];
  if (!channel) return false;
  document.dispatchEvent(
    new CustomEvent("open-message", { detail: { channel, ts: `${seconds}.${micros}` } }),
  );
  return true;
}
