/** The entry point: builds the page and keeps it up to date. */

import { countSockets, fetchWorkspace, listen, oneAtATime } from "./api.js";
import { Channel } from "./channel.js";
import { Cloud } from "./cloud.js";
import { Composer } from "./composer.js";
import { Home } from "./home.js";
import { Log } from "./log.js";
import { Modal } from "./modal.js";
import { Panel } from "./panel.js";
import { drawChannelHead, Places } from "./places.js";
import { Session } from "./session.js";
import { Tabs } from "./tabs.js";
import { Traffic } from "./traffic.js";
import { Trouble } from "./trouble.js";
import { Unread } from "./unread.js";
import { drawWelcome } from "./welcome.js";

const byId = (id) => document.getElementById(id);

/** Fetch the workspace; retry, because the sandbox may still be starting. */
async function firstWorkspace() {
  for (;;) {
    try {
      return await fetchWorkspace();
    } catch (error) {
      showState(false, error.message);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

function showState(isUp, words = "The sandbox does not answer. Is it still running? Retrying …") {
  byId("outage").textContent = isUp ? "" : words;
  byId("outage").hidden = isUp;
}

function showConnection(isUp, sockets) {
  const isConnected = isUp && sockets > 0;
  byId("connection").classList.toggle("is-connected", isConnected);
  byId("connection-words").textContent = isConnected ? "Bot connected" : "Bot not connected";
}

function build(workspace) {
  const session = new Session(workspace);
  byId("team").textContent = workspace.team?.name ?? workspace.team ?? "Sandbox";
  const curtain = new Panel(
    byId("curtain"),
    byId("curtain-toggle"),
    byId("curtain-close"),
    "(min-width: 1180px)",
  );
  const sidebar = new Panel(
    byId("sidebar"),
    byId("sidebar-toggle"),
    byId("sidebar-close"),
    "(min-width: 760px)",
  );
  const composer = new Composer(byId("composer"), session);
  const home = new Home(byId("panel-home"), session);
  const unread = new Unread(session, () => tabs.selected === "panel-messages");
  const tabs = new Tabs(byId("tabs"), (panel) => {
    if (panel === "panel-home") home.open();
    unread.refresh();
  });
  const play = (command) => {
    tabs.show("panel-messages");
    curtain.giveWay();
    composer.play(command);
  };
  new Places(byId("people"), byId("channels"), session, () => {
    tabs.show("panel-messages");
    sidebar.giveWay();
  });
  new Tabs(byId("curtain-tabs"), () => {});
  const drawHead = () => drawChannelHead(byId("channel-title"), byId("channel-note"), session);
  session.addEventListener("place", drawHead);
  session.addEventListener("workspace", drawHead);
  drawHead();
  const channel = new Channel(byId("scroller"), byId("messages"), session, () => drawWelcome(session, play));
  document.addEventListener("open-message", ({ detail }) => {
    tabs.show("panel-messages");
    channel.open(detail);
  });
  const trouble = new Trouble(byId("orders"), byId("trouble-status"), byId("rooms"), play);
  return {
    session,
    home,
    unread,
    channel,
    modal: new Modal(byId("modal"), session, () => composer.input),
    traffic: new Traffic(byId("traffic"), byId("traffic-empty")),
    cloud: new Cloud(byId("calls"), byId("jobs"), ({ rooms }) => trouble.showRooms(rooms ?? {})),
    log: new Log(byId("log"), session),
  };
}

function keepFresh({ session, home, unread, channel, modal, traffic, cloud, log }) {
  let isUp = false;
  const sockets = oneAtATime(async () => showConnection(isUp, await countSockets()));
  const workspace = oneAtATime(async () => session.replaceWorkspace(await fetchWorkspace()));
  const listeners = {
    workspace,
    messages: () => {
      channel.refresh();
      unread.refresh();
    },
    views: modal.refresh,
    home: home.refresh,
    log: log.refresh,
    sockets,
    traffic: () => {
      traffic.refresh();
      cloud.refresh();
    },
  };
  listen(listeners, (isOpen) => {
    isUp = isOpen;
    showState(isOpen);
    if (isOpen) traffic.restart();
    else showConnection(false, 0);
  });
}

keepFresh(build(await firstWorkspace()));
