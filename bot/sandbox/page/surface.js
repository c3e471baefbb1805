/** What blocks stand on: a message, or a view. blocks.js says what a surface has. */

import { sendAction } from "./api.js";

/** The surface of a message. It is drawn anew with each edit, so nothing of it is remembered. */
export function messageSurface(message, session) {
  const where = { viewer: session.viewer, channel: message.channel, message_ts: message.ts };
  return surface(where, session.names, () => undefined);
}

/**
 * The surface of a form or a Home tab.
 * @param {Object} view Slack's view
 * @param {Object} session
 * @param {Object} [values] the states that its elements were in, by block_id and action_id
 */
export function viewSurface(view, session, values = {}) {
  const where = { viewer: session.viewer, view_id: view.id };
  return surface(where, session.names, (blockId, actionId) => values[blockId]?.[actionId]);
}

/** The states of all elements of a surface, as Slack's `state.values` has them. */
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
