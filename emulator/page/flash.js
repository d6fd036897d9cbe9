// The flash chip as a map: how full each sector is, how often it was erased, where something just happened.

import { both, make } from "./make.js";

function sector(number) {
  return make("li", "sector", [make("span", "fill"), make("span", "erases")], { "data-sector": number });
}

/** Returns show(state). */
export function flash(map, sum) {
  let before = null;
  return (state) => {
    const { used, erases, sector_size: size } = state.flash;
    if (map.children.length !== used.length) map.replaceChildren(...used.map((_, number) => sector(number)));
    for (const [number, bytes] of used.entries()) {
      const times = erases[number];
      if (before && before.used[number] === bytes && before.erases[number] === times) continue;
      const item = map.children[number];
      item.firstChild.style.height = `${bytes ? Math.max(4, (100 * bytes) / size) : 0}%`;
      item.lastChild.textContent = times ? `${times}` : "";
      item.title = `扇区 sector ${number}: ${bytes} / ${size} B · 擦除 erased ${times} ×`;
      item.setAttribute("aria-label", item.title);
      if (before) item.animate([{ outlineColor: "var(--accent)" }, { outlineColor: "transparent" }], 900);
    }
    const all = (numbers) => numbers.reduce((total, each) => total + each, 0);
    const chip = `${all(used)} B / ${(used.length * size) / 1024} KiB`;
    sum.replaceChildren(...both(`已用 ${chip} · 擦除 ${all(erases)} 次`, "used · erased"));
    before = state.flash;
  };
}
