// Where all parts of the page meet: states go to every part, commands go out over the one link.

import { cards } from "./cards.js";
import { flash } from "./flash.js";
import { guide } from "./guide.js";
import { keypad } from "./keypad.js";
import { ledger } from "./ledger.js";
import { Link } from "./link.js";
import { both } from "./make.js";
import { paper } from "./paper.js";
import { screen } from "./screen.js";
import { tabs } from "./tabs.js";
import { log, wire } from "./wire.js";
import { world } from "./world.js";

const VERSION = 1;
const TROUBLE_MS = 8000;
const find = (id) => document.getElementById(id);

let hide = 0;
function trouble(text) {
  const line = find("trouble");
  line.textContent = `办不到 Cannot be done: ${text}`;
  line.hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => (line.hidden = true), TROUBLE_MS);
}

let wasUp = false;
function up(is) {
  if (find("link").dataset.up === (is ? "yes" : "no") && wasUp) return;
  find("link").dataset.up = is ? "yes" : "no";
  find("link").replaceChildren(...(is ? both("已连接", "connected") : both("已断开", "disconnected")));
  find("offline").hidden = is || !wasUp;
  find("page").inert = !is;
  wasUp = wasUp || is;
}

// The first PINs of the staff, where they have to log in: who has chosen another one knows it himself.
function pins(place) {
  return (state) => {
    const all = Object.entries(state.pins);
    place.hidden = all.length === 0;
    const people = all.map(([id, pin]) => `${id}/${pin}`).join("  ");
    place.textContent =
      `先登录：工号、确认、初始密码、确认，再自定密码。Log in first: number, ENTER, first PIN, ENTER, then a PIN of your own. ${people}`;
  };
}

const parts = [];
const link = new Link({
  up,
  trouble,
  state(state) {
    if (state.version !== VERSION) trouble(`the page speaks version ${VERSION}, the emulator ${state.version}: reload the page`);
    for (const show of parts) show(state);
  },
});
const change = (command) => link.change(command);

parts.push(
  screen(find("screen"), find("screen-text")),
  cards(find("tray"), find("reader"), (card) => link.send({ do: "card", card })),
  paper(find("paper"), find("paper-word"), (slip) => link.send({ do: "scan_slip", slip })),
  world(find, change),
  ledger(find),
  pins(find("pins")),
  flash(find("sectors"), find("flash-sum")),
  wire(find("wire")),
  log(find("log")),
  guide(find("steps")),
);
keypad(find("keypad"), (key) => link.send({ do: "press", key }));
tabs(document.querySelector("[role=tablist]"));

// A click with the mouse must not leave the focus on a button: Enter on the PC keyboard would then press that again.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("button, summary")) {
    event.preventDefault();
    document.activeElement?.blur();
  }
});
