// What the control API names, in the words of a person: Chinese and English.

export const KINDS = { sale: ["消费", "sale"], refund: ["退货", "refund"], void: ["撤销", "void"] };

export const STATES = {
  new: ["新建", "new"],
  queued: ["待上送", "to be sent"],
  sending: ["发送中", "sending"],
  unknown: ["结果待确认", "not known yet"],
  reversing: ["冲正中", "being reversed"],
  asking: ["查询中", "asking"],
  accepted: ["已受理", "accepted"],
  waiting: ["稍后再送", "sent again later"],
  held: ["暂停", "held"],
  parked: ["需人工核对", "needs a person"],
  done: ["成功", "done"],
  declined: ["未成功", "declined"],
  reversed: ["已冲正", "reversed"],
  withdrawn: ["已撤回", "withdrawn"],
  resolved_done: ["核对：已入账", "resolved: done"],
  resolved_not_done: ["核对：未入账", "resolved: not done"],
};

/** Nothing more will happen by itself or by a person's decision. */
export const FINAL = ["done", "declined", "reversed", "withdrawn", "resolved_done", "resolved_not_done"];

/** The money has moved. */
export const MOVED = ["done", "resolved_done"];

export const MOODS = {
  normal: ["正常", "normal"],
  silent: ["不理睬", "silent"],
  loses: ["入账但应答丢失", "loses it"],
  declines: ["拒绝", "declines"],
  late: ["应答迟到", "answers late"],
  twice: ["应答两次", "answers twice"],
  garbage: ["应答乱码", "garbage"],
  "bad-mac": ["校验码错", "wrong MAC"],
  "by-amount": ["按金额尾数", "by amount"],
  less: ["少退一分", "a fen less"],
};

/** What every acquirer can do, for one that does not say. */
export const EVERY_MOOD = ["normal", "silent", "loses", "declines"];

export const DIRECTIONS = {
  in: ["终端 → 收单方", "terminal to acquirer"],
  out: ["终端 ← 收单方", "acquirer to terminal"],
  lost: ["终端 ✗ 收单方", "the answer is lost"],
};

export const FIELDS = {
  3: ["处理码", "processing code"],
  4: ["金额（分）", "amount in fen"],
  11: ["流水号", "trace"],
  12: ["时间", "time"],
  13: ["日期", "date"],
  22: ["输入方式", "entry mode"],
  25: ["条件码", "condition"],
  37: ["参考号", "RRN"],
  38: ["授权码", "approval code"],
  39: ["应答码", "response code"],
  41: ["终端号", "terminal"],
  42: ["商户号", "merchant"],
  49: ["币种", "currency"],
  57: ["自定义", "private data"],
  60: ["类型、批次", "kind, batch"],
  61: ["原交易", "original"],
  63: ["保留", "reserved"],
  64: ["校验码", "MAC"],
};

export const TAGS = {
  "01": ["编号", "number"],
  "03": ["流水存储末尾", "journal head"],
  "04": ["卡号（密文）", "card (sealed)"],
  "05": ["随机数", "random"],
};

/** 12345 fen as 123.45 */
export function yuan(fen) {
  const text = String(Math.abs(fen)).padStart(3, "0");
  return `${fen < 0 ? "−" : ""}${text.slice(0, -2)}.${text.slice(-2)}`;
}
