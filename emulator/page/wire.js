// The acquirer's log of messages, taken apart field by field, and the terminal's own log.

import { both, make } from "./make.js";
import { DIRECTIONS, FIELDS, TAGS } from "./words.js";

const NOTHING = ["还没有报文。", "Nothing was sent yet."];
const HIDDEN = ["看不到所接收单方的报文。", "The attached acquirer's messages are not visible."];

function field(name, words, value) {
  return [make("dt", "", [make("b", "", name), " ", ...(words ? both(...words) : [])]), make("dd", "", value)];
}

function fields(event) {
  return Object.entries(event.fields).flatMap(([number, value]) => {
    if (value === null || typeof value !== "object") return field(number, FIELDS[number], String(value));
    return Object.entries(value).flatMap(([tag, text]) => field(`${number}.${tag}`, TAGS[tag], String(text)));
  });
}

function message(event) {
  const words = DIRECTIONS[event.direction] ?? [event.direction, ""];
  const summary = make("summary", "", [
    make("time", "", event.when.slice(11, 19)),
    make("span", "way", words[0], { title: words[1] }),
    make("span", "what", event.summary),
  ]);
  const inside = [make("dl", "", fields(event)), make("code", "hex", event.hex)];
  return make("details", event.direction, [summary, ...inside], { "data-event": event.number });
}

/** Returns show(state). */
export function wire(panel) {
  let [last, visible] = [0, null];
  return (state) => {
    const events = state.acquirer?.events ?? [];
    const newest = events.at(-1)?.number ?? 0;
    if (newest < last || visible !== Boolean(state.acquirer) || (last === 0 && newest === 0)) {
      visible = Boolean(state.acquirer);
      last = 0;
      panel.replaceChildren(make("p", "none", both(...(visible ? NOTHING : HIDDEN))));
    }
    const fresh = events.filter((event) => event.number > last);
    if (!fresh.length) return;
    panel.querySelector(".none")?.remove();
    panel.prepend(...fresh.map(message).reverse());
    while (panel.children.length > events.length) panel.lastChild.remove();
    last = newest;
  };
}

/** Returns show(state). */
export function log(panel) {
  return (state) => {
    const text = state.log.join("\n");
    if (panel.textContent !== text) panel.replaceChildren(make("pre", "", text));
  };
}
