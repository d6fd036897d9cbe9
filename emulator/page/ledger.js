// Both ledgers side by side, a row a transaction, matched by number; and what the emulator says of them.
// The emulator judges (state.discrepancies); this only shows it.

import { both, make } from "./make.js";
import { FINAL, KINDS, MOVED, STATES, yuan } from "./words.js";

const CHECKS = {
  agree: ["✓ 一致", "agree"],
  waiting: ["… 等待", "waiting"],
  disagree: ["✗ 不符", "DISAGREE"],
  hidden: ["? 不可见", "not visible"],
};

function signed(kind, fen) {
  return kind === "sale" ? fen : -fen;
}

/** Rows of {number, kind, terminal, booked: {amount, times, reversed, rrns}}, the newest first. */
function match(state) {
  const rows = new Map();
  const row = (number, kind) => {
    const booked = { amount: 0, times: 0, reversed: 0, rrns: [] };
    if (!rows.has(number)) rows.set(number, { number, kind, terminal: null, booked });
    return rows.get(number);
  };
  for (const transaction of state.terminal) row(transaction.number, transaction.kind).terminal = transaction;
  const ledger = state.acquirer?.ledger;
  for (const entry of ledger ? [...ledger.sales, ...ledger.refunds, ...(ledger.voids ?? [])] : []) {
    const { booked } = row(entry.number, entry.kind);
    booked.amount += entry.reversed ? 0 : entry.amount;
    booked[entry.reversed ? "reversed" : "times"] += 1;
    booked.rrns.push(entry.rrn);
  }
  return [...rows.values()].sort((one, other) => (one.number < other.number ? 1 : -1));
}

function check(row, state) {
  if (state.acquirer === null) return "hidden";
  if (state.discrepancies.some((line) => line.startsWith(`${row.number}:`))) return "disagree";
  return row.terminal && FINAL.includes(row.terminal.state) ? "agree" : "waiting";
}

function cell(amount, words) {
  return make("td", "money", [make("span", "amount", amount), make("span", "words", words)]);
}

function terminalCell({ kind, terminal }) {
  if (!terminal) return cell("—", both("不知道", "not known here"));
  const moved = MOVED.includes(terminal.state) || !FINAL.includes(terminal.state);
  const td = cell(yuan(signed(kind, terminal.amount)), both(...(STATES[terminal.state] ?? [terminal.state, ""])));
  if (!moved) td.classList.add("void");
  return td;
}

function acquirerCell({ kind, booked, terminal }, state) {
  if (state.acquirer === null) return cell("?", "");
  if (booked.times === 0 && terminal?.in_cash) return cell("—", both("现金，不入账", "in cash, not booked"));
  if (booked.times === 0 && terminal?.offline_sale) return cell("—", both("离线消费，另行上传", "sold offline, uploaded apart"));
  if (booked.times === 0) return cell("—", booked.reversed ? both("已冲正", "reversed") : both("未入账", "not booked"));
  const times = booked.times === 1 ? ["入账1次", "booked"] : [`入账${booked.times}次`, `booked ${booked.times}\u00a0×`];
  const td = cell(yuan(signed(kind, booked.amount)), both(...times));
  td.title = `RRN ${booked.rrns.join(", ")}`;
  return td;
}

function line(row, state) {
  const verdict = check(row, state);
  const sends = row.terminal ? `流水 ${String(row.terminal.trace).padStart(6, "0")} · ${row.terminal.sends} ×` : "";
  const name = make("th", "", [
    make("span", "kind", both(...(KINDS[row.kind] ?? [row.kind, ""]))),
    make("span", "number", row.number, { title: `${sends} sent` }),
  ], { scope: "row" });
  const mark = make("td", "check", both(...CHECKS[verdict]));
  return make("tr", row.kind, [name, terminalCell(row), acquirerCell(row, state), mark], {
    "data-number": row.number,
    "data-kind": row.kind,
    "data-state": row.terminal?.state ?? "",
    "data-check": verdict,
  });
}

function total(rows, of) {
  return rows.reduce((sum, row) => sum + signed(row.kind, of(row)), 0);
}

function sums(rows, state) {
  const settled = total(rows, ({ terminal }) => (terminal && !terminal.in_cash && !terminal.offline_sale && MOVED.includes(terminal.state) ? terminal.amount : 0));
  const open = total(rows, ({ terminal }) => (terminal && !FINAL.includes(terminal.state) ? terminal.amount : 0));
  const booked = total(rows, (row) => row.booked.amount);
  const checks = rows.map((row) => check(row, state));
  const verdict = ["hidden", "disagree", "waiting"].find((worst) => checks.includes(worst)) ?? "agree";
  const difference = verdict === "hidden" ? 0 : settled - booked;
  const words = difference ? [`≠ ${yuan(Math.abs(difference))}`, "difference"] : CHECKS[verdict];
  const openWords = open ? both(`未了结 ${yuan(open)}`, "not settled") : "";
  return make("tr", "", [
    make("th", "", both("合计", "Sales less refunds"), { scope: "row" }),
    cell(yuan(settled), openWords),
    cell(state.acquirer === null ? "?" : yuan(booked), ""),
    make("td", "check", both(...words)),
  ], { "data-check": verdict });
}

function judge(rows, state) {
  if (state.acquirer === null) {
    return ["hidden", `收单方在 ${state.attached}，看不到它的账本。`, `The acquirer is ${state.attached}; its ledger is not visible here.`];
  }
  const wrong = state.discrepancies.length;
  const open = rows.filter((row) => check(row, state) === "waiting").length;
  if (wrong) return ["disagree", `✗ 账不平：${wrong}处不符`, `The books DISAGREE in ${wrong} place${wrong > 1 ? "s" : ""}`];
  if (open) return ["waiting", `… ${open}笔未了结，尚无矛盾`, `${open} not settled, no contradiction`];
  if (rows.length) return ["agree", "✓ 两本账一致", "Both ledgers agree, each booked once"];
  return ["empty", "两本账都是空的", "Both ledgers are empty: sell something first"];
}

/** Returns show(state). */
export function ledger(find) {
  let shown = "";
  return (state) => {
    const now = JSON.stringify([state.terminal, state.acquirer?.ledger, state.discrepancies, state.attached]);
    if (now === shown) return;
    shown = now;
    const rows = match(state);
    find("rows").replaceChildren(...rows.map((row) => line(row, state)));
    find("sums").replaceChildren(...(rows.length ? [sums(rows, state)] : []));
    find("no-rows").hidden = rows.length > 0;
    const [verdict, chinese, english] = judge(rows, state);
    const alarms = (state.acquirer?.ledger.alarms ?? []).map((alarm) => `收单方警报 alarm: ${alarm.number}: ${alarm.what}`);
    find("verdict").dataset.verdict = verdict;
    find("verdict-word").replaceChildren(make("b", "", chinese), " ", make("span", "", english, { lang: "en" }));
    find("verdict-lines").replaceChildren(...[...state.discrepancies, ...alarms].map((text) => make("li", "", text)));
  };
}
