// The plugs, the acquirer's mood and the paper: what can be done to the terminal from outside.

import { both, make } from "./make.js";
import { EVERY_MOOD, MOODS } from "./words.js";

const SWITCHES = [
  { id: "power", command: (on) => ({ do: "power", on }), is: (state) => state.on },
  { id: "network", command: (plugged) => ({ do: "network", plugged }), is: (state) => state.network },
  { id: "serial", command: (plugged) => ({ do: "serial", plugged }), is: (state) => state.serial },
  { id: "paper-in", command: (present) => ({ do: "paper", present }), is: (state) => state.paper_in },
];
const PLUGGED = { true: ["已插", "in"], false: ["已拔", "out"] };
const PAPER = { true: ["有纸", "in"], false: ["缺纸", "out"] };

/** Returns show(state). `change(command)` sends one. */
export function world(find, change) {
  const switches = SWITCHES.map((each) => ({ ...each, button: find(each.id), shown: null }));
  const [cut, mood, count] = [find("cut"), find("mood"), find("mood-count")];

  for (const { button, command } of switches) {
    button.addEventListener("click", () => change(command(button.getAttribute("aria-checked") !== "true")));
  }
  cut.addEventListener("click", () => change({ do: "cut_when_sent", armed: cut.getAttribute("aria-pressed") !== "true" }));
  find("tear").addEventListener("click", () => change({ do: "tear" }));

  function setMood() {
    const once = mood.value !== "normal" && count.value === "once";
    change({ do: "mood", mood: mood.value, ...(once ? { count: 1 } : {}) });
  }
  for (const select of [mood, count]) {
    // After the mouse the keyboard belongs to the terminal again.
    let mouse = false;
    select.addEventListener("pointerdown", () => (mouse = true));
    select.addEventListener("keydown", () => (mouse = false));
    select.addEventListener("change", () => {
      setMood();
      if (mouse) select.blur();
    });
  }

  function offer(moods) {
    if (mood.options.length === moods.length) return;
    mood.replaceChildren(...moods.map((each) => make("option", "", (MOODS[each] ?? [each]).join(" "), { value: each })));
  }

  return (state) => {
    for (const each of switches) {
      const now = each.is(state);
      if (each.shown === now) continue;
      each.shown = now;
      each.button.setAttribute("aria-checked", now);
      each.button.querySelector(".now").replaceChildren(...both(...(each.id === "paper-in" ? PAPER : PLUGGED)[now]));
    }
    cut.setAttribute("aria-pressed", state.cut_when_sent);
    find("tear").disabled = state.paper.length === 0;
    find("lamp").classList.toggle("lit", state.on);
    find("mood-box").classList.toggle("away", state.acquirer === null);
    mood.disabled = state.acquirer === null;
    count.disabled = state.acquirer === null || state.acquirer.mood === "normal";
    if (state.acquirer === null) return;
    offer(state.acquirer.moods ?? EVERY_MOOD);
    mood.value = state.acquirer.mood;
    find("mood-box").classList.toggle("odd", state.acquirer.mood !== "normal");
    if (state.acquirer.mood !== "normal") count.value = state.acquirer.mood_count === null ? "until" : "once";
  };
}
