/** The surfaces of blocks: a message, or a view. blocks.js describes a surface. */

import { fetchOptions, sendAction } from "./api.js";

/** Create the surface of a message. Each edit draws the message again, so no state is kept. */
export function messageSurface(message, session) {
  const where = { viewer: session.viewer, channel: message.channel, message_ts: message.ts };
  return surface(where, session.names, () => undefined);
}

/**
 * Create the surface of a form or a Home tab.
 * @param {Object} view Slack's view
 * @param {Object} session
 * @param {Object} [values] the former states of its elements, by block_id and action_id
 */
export function viewSurface(view, session, values = {}) {
  const where = { viewer: session.viewer, view_id: view.id };
  const suggest = (block, element, typed) =>
    fetchOptions({ ...where, block_id: block.block_id, action_id: element.action_id, value: typed });
  const conversations = session.visibleChannels.map((channel) => ({
    text: { text: (channel.kind === "public" ? "# " : "") + session.nameOf(channel) },
    value: channel.id,
  }));
  return {
    ...surface(where, session.names, (blockId, actionId) => values[blockId]?.[actionId]),
    suggest,
    conversations,
  };
}

/** Return the states of all elements of a surface, in the shape of Slack's `state.values`. */
export function statesOf({ fields, controls }) {
  const inputs = fields
    .filter((field) => field.control)
    .map(({ block, element, control }) => ({ block, element, state: control.state }));
  const values = {};
  for (const { block, element, state } of [...inputs, ...controls]) {
    (values[block.block_id] ??= {})[element.action_id] = state();
  }
  return values;
}

function surface(where, names, was) {
  const act = async (block, element, state) => {
    const ids = { block_id: block.block_id, action_id: element.action_id };
    try {
      const { error } = await sendAction({ ...where, ...ids, ...state });
      return error ? `That did not work: ${error}` : null;
    } catch (error) {
      return error.message;
    }
  };
  return { names, act, was, fields: [], controls: [] };
}
