// The control API over a WebSocket: commands out, answers and states in. It reconnects by itself.

const BEAT_MS = 1000; // how often the state is asked for, so that what changes without a push is seen too
const DEAD_MS = 6000; // no answer for so long: the other end is gone
const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 4000;

export class Link {
  /** hear.state(state), hear.up(boolean) and hear.trouble(text) are called as things happen. */
  constructor(hear) {
    this.hear = hear;
    this.waiting = new Map(); // id of a command: what to call with its answer
    this.number = 0;
    this.retryMs = FIRST_RETRY_MS;
    this.heard = 0;
    this.socket = null;
    setInterval(() => this.beat(), BEAT_MS);
    this.connect();
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/control`);
    this.socket = socket;
    this.heard = performance.now();
    socket.onmessage = (message) => this.receive(JSON.parse(message.data));
    socket.onclose = () => this.lost(socket);
  }

  lost(socket) {
    if (this.socket !== socket) return;
    this.socket = null;
    this.waiting.clear();
    this.hear.up(false);
    setTimeout(() => this.connect(), this.retryMs);
    this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS);
  }

  receive(message) {
    this.heard = performance.now();
    if (message.event === "state") {
      this.retryMs = FIRST_RETRY_MS;
      this.hear.up(true);
      this.hear.state(message.state);
      return;
    }
    const answered = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (!message.ok) this.hear.trouble(message.error);
    else if (answered) answered(message.result);
  }

  /** Send one command; `answered(result)` is called when it was carried out. A refusal goes to hear.trouble. */
  send(command, answered) {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const id = ++this.number;
    if (answered) this.waiting.set(id, answered);
    this.socket.send(JSON.stringify({ id, ...command }));
  }

  /** A command that changes the world; not every change is pushed, so look at once. */
  change(command) {
    this.send(command, () => this.look());
  }

  look() {
    this.send({ do: "state" }, (state) => this.hear.state(state));
  }

  beat() {
    const socket = this.socket;
    if (socket === null) return;
    if (performance.now() - this.heard > DEAD_MS) {
      socket.close();
      this.lost(socket);
    } else if (!document.hidden) this.look();
    else this.heard = performance.now();
  }
}
