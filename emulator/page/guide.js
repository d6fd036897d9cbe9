// A road for whoever is here for the first time. A step is ticked when the ledgers show that it happened.

import { make } from "./make.js";
import { FINAL } from "./words.js";

const STEPS = [
  ["消费100.00：按 1，输入 10000，确认，再点一张卡。", "Sell 100.00: press 1, type 10000, ENTER, then click a card."],
  ["退货30.00：确认回菜单，按 2、1、1，输入 3000，确认两次。", "Refund 30.00: ENTER for the menu, then 2, 1, 1, type 3000, ENTER twice."],
  ["拔网线，再退20.00：待上送。插回去：自动上送。", "Pull the network cable and refund 20.00: it waits. Plug it in: it goes by itself."],
  ["网线拔掉，只插串口线，退5.00。", "Network out, only the serial cable in: refund 5.00 through a laptop."],
  ["收单方“入账但应答丢失”一次，退7.00。", "Let the acquirer lose one answer, refund 7.00: asked again, booked once."],
  ["点“报文一发出就断电”，退8.00，再插上电源。", "Arm “the moment it is sent”, refund 8.00, put the plug back: it finishes by itself."],
];

/** The steps (by index) that this state completes; `seen` remembers what was on the way, by number. */
function completed(state, seen) {
  const answers = (state.acquirer?.events ?? []).filter((event) => event.direction === "lost");
  const lost = answers.map((event) => Number(event.fields[11]));
  const done = [];
  for (const { number, kind, state: now, sends, trace } of state.terminal) {
    const before = seen.get(number) ?? { waited: false, cut: false, alone: false, settled: false };
    const open = !FINAL.includes(now);
    const here = {
      waited: before.waited || (now === "queued" && !state.network && !state.serial),
      cut: before.cut || (open && sends > 0 && !state.on),
      alone: before.alone || (!before.settled && !open && !state.network && state.serial),
      settled: !open,
    };
    seen.set(number, here);
    if (now !== "done") continue;
    if (kind === "sale") done.push(0);
    if (kind !== "refund") continue;
    done.push(1);
    if (here.waited && state.network) done.push(2);
    if (here.alone) done.push(3);
    if (lost.includes(trace)) done.push(4);
    if (here.cut) done.push(5);
  }
  return done;
}

/** Returns show(state). */
export function guide(list) {
  const step = ([chinese, english]) => make("li", "", [make("b", "", chinese), " ", make("span", "", english, { lang: "en" })]);
  const items = STEPS.map(step);
  list.replaceChildren(...items);
  const seen = new Map();
  return (state) => {
    for (const step of completed(state, seen)) items[step].classList.add("done");
    const next = items.find((item) => !item.classList.contains("done"));
    for (const item of items) item.classList.toggle("next", item === next);
  };
}
