/** Which channels have messages that the person has not seen since the page was opened. */

import { fetchNews, oneAtATime } from "./api.js";

export class Unread {
  /**
   * @param {Object} session its `unread` are the channels, and it dispatches "unread" when they change
   * @param {() => boolean} isReading whether the messages of the open channel are shown
   */
  constructor(session, isReading) {
    Object.assign(this, { session, isReading });
    this.opened = `${Math.floor(Date.now() / 1000)}.000000`;
    this.seen = new Map();
    this.refresh = oneAtATime(() => this.update());
    session.addEventListener("place", this.refresh);
  }

  async update() {
    const { viewer, channelId } = this.session;
    const news = await fetchNews(viewer, this.opened);
    if (viewer !== this.session.viewer) return;
    const key = (channel) => `${viewer} ${channel}`;
    for (const { channel, ts } of news) {
      if (channel === channelId && this.isReading()) this.seen.set(key(channel), ts);
    }
    const isNew = ({ channel, ts, user }) => user !== viewer && ts > (this.seen.get(key(channel)) ?? "");
    this.session.unread = new Set(news.filter(isNew).map(({ channel }) => channel));
    this.session.dispatchEvent(new Event("unread"));
  }
}
