#if Hummingbird
extension ClientModule {
    /// The part of the client that holds a connection, and makes a new one when it is lost.
    static let subscription = ##"""
        class Subscription {
          #cable;
          #options;
          #storageKey;
          #isClosed = false;
          #attempt = null;
          #wake = null;
          #socket = null;
          #seen = { epoch: "", seq: -1 };
          #members = new Map();
          #lastByte = 0;
          #sent = new Map();
          #watch;
          #isAway = false;
          #onWake = (event) => this.#look(event);
          // A page that the browser keeps for going back holds no connection, or it would not be kept.
          #onHide = () => { this.#isAway = true; this.#attempt?.abort(); };
          #onShow = (event) => {
            if (!this.#isAway) return this.#look(event);
            this.#isAway = false;
            this.#wake?.();
          };

          constructor(cable, channels, options) {
            this.#cable = cable;
            this.channels = channels;
            this.#options = options;
            this.connection = crypto.getRandomValues(new Uint32Array(4)).reduce((text, part) => text + part.toString(36), "");
            this.#storageKey = options.key ? "litecable:" + options.key : null;
            this.status = "connecting";
            this.cursor = this.#firstCursor();
            if (this.cursor) this.#seen = place(this.cursor);
            this.#watch = setInterval(this.#onWake, Math.min(5000, cable.settings.heartbeat));
            addEventListener("online", this.#onWake);
            addEventListener("pagehide", this.#onHide);
            addEventListener("pageshow", this.#onShow);
            document.addEventListener("visibilitychange", this.#onWake);
            this.#run();
          }

          /** Ends it. */
          close() {
            this.#isClosed = true;
            clearInterval(this.#watch);
            removeEventListener("online", this.#onWake);
            removeEventListener("pagehide", this.#onHide);
            removeEventListener("pageshow", this.#onShow);
            document.removeEventListener("visibilitychange", this.#onWake);
            this.#attempt?.abort();
            this.#wake?.();
            this.#show("closed");
          }

          /** Publishes, if the grant allows it. Only over WebSocket; resolves with the message's cursor. */
          publish(channel, data, { event, exclude = false } = {}) {
            if (this.status !== "live" || !this.#socket) return Promise.reject(new Error("not connected over WebSocket"));
            const id = "p" + Math.random().toString(36).slice(2);
            return new Promise((resolve, reject) => {
              this.#sent.set(id, { resolve, reject });
              this.#socket.send(JSON.stringify({ do: "publish", id, channel, event, data, exclude }));
            });
          }

          // The page shows what its own cursor says, so that one goes before the place that was kept before a reload.
          #firstCursor() {
            return this.#options.after ?? this.#kept() ?? null;
          }

          // Storage that is full or forbidden costs no message: then only a reload begins where the page says.
          #kept() {
            try {
              return this.#storageKey && sessionStorage.getItem(this.#storageKey);
            } catch {
              return null;
            }
          }

          #keep(cursor) {
            try {
              if (this.#storageKey) sessionStorage.setItem(this.#storageKey, cursor);
            } catch {}
          }

          async #run() {
            await null;  // The page has its subscription before it is told anything.
            let [failures, isFresh] = [0, false];
            while (!this.#isClosed) {
              this.#show("connecting");
              if (this.#isClosed) return;  // by the page, which was told of one attempt too many
              this.#attempt = new AbortController();
              this.#lastByte = Date.now();
              let wait = 0;
              try {
                const token = await this.#unlessAborted(this.#cable.token(isFresh));
                isFresh = false;
                const end = this.#cable.settings.transport === "websocket"
                  ? await this.#openSocket(token, () => { failures = 0; })
                  : await this.#openStream(token, () => { failures = 0; });
                isFresh = end === "expired" || end === "unauthorised" || end === "disconnected";
                // An expired token is nothing to wait for; a server that restarts should not meet all pages at once.
                wait = end === "expired" && failures++ === 0 ? 0 : this.#backoff(failures++);
              } catch (error) {
                if (this.#isClosed) return;
                if (error instanceof Refusal) {
                  isFresh = error.needsToken;
                  if (error.isFinal) {
                    this.close();
                    this.#show("refused", error.message);
                    return;
                  }
                }
                wait = this.#backoff(failures++);
              } finally {
                this.#attempt.abort();
                for (const { reject } of this.#sent.values()) reject(new Error("the connection was lost"));
                this.#sent.clear();
              }
              if (this.#isClosed) return;
              this.#show("waiting");
              await new Promise((resolve) => {
                const timer = this.#isAway ? undefined : setTimeout(resolve, wait);
                this.#wake = () => { clearTimeout(timer); resolve(); };
              });
              this.#wake = null;
            }
          }

          // What the page does to get a token may never come to an end, such as after a sleep.
          #unlessAborted(promise) {
            const { signal } = this.#attempt;
            return Promise.race([
              promise, new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
            ]);
          }

          // Twice as long each time, and between half and one and a half of it, so that pages do not come back together.
          #backoff(failures) {
            const { minimumWait, maximumWait } = this.#cable.settings;
            return Math.min(maximumWait, minimumWait * 2 ** Math.min(failures, 16)) * (0.5 + Math.random());
          }

          // After a sleep, a change of network, or when the page is looked at again.
          #look(event) {
            const silence = Date.now() - this.#lastByte;
            if (this.status !== "waiting" && silence > DEAD_AFTER * this.#cable.settings.heartbeat) this.#attempt?.abort();
            // Only an event cuts a wait short, not the timer that looks for silence.
            if (event && !this.#isAway && navigator.onLine && document.visibilityState === "visible") this.#wake?.();
          }

          #query() {
            const query = new URLSearchParams();
            for (const channel of this.channels) query.append("channel", channel);
            for (const channel of [this.#options.presence ?? []].flat()) query.append("presence", channel);
            query.set("connection", this.connection);
            if (this.cursor) query.set("after", this.cursor);
            else if (this.#options.last !== undefined) query.set("last", this.#options.last);
            return query;
          }

          async #openStream(token, opened) {
            const headers = { Accept: "text/event-stream" };
            if (token) headers.Authorization = "Bearer " + token;
            const response = await fetch(`${this.#cable.url}/events?${this.#query()}`, {
              headers, signal: this.#attempt.signal, cache: "no-store", credentials: "same-origin",
            });
            if (!response.ok) {
              const { error = "refused" } = await response.json().catch(() => ({}));
              throw new Refusal(error, FINAL.has(response.status));
            }
            this.#live();
            const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
            let text = "";
            for (;;) {
              const { done, value } = await reader.read();
              if (done) return "closed";
              this.#lastByte = Date.now();
              text += value;
              const blocks = text.split("\n\n");
              text = blocks.pop();
              for (const block of blocks) {
                const fields = { event: "message", data: null };
                for (const line of block.split("\n")) {
                  const colon = line.indexOf(": ");
                  if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
                }
                if (fields.event === "end") return JSON.parse(fields.data).reason;
                if (fields.id || fields.data !== null) opened();
                // One with an id alone is a heartbeat: it moves the place and is no message.
                if (fields.data === null) this.#receive("heartbeat", fields.id, null);
                else this.#receive(fields.event, fields.id, fields.data);
                if (this.#isClosed) return "closed";
              }
            }
          }

          #openSocket(token, opened) {
            const url = new URL(this.#cable.url + "/socket");
            url.protocol = url.protocol.replace("http", "ws");
            url.searchParams.set("connection", this.connection);
            // Not in the address, which servers log: a subprotocol is the only field that a page can set.
            const protocols = token ? ["litecable", "litecable.token." + token] : ["litecable"];
            return new Promise((resolve, reject) => {
              const socket = new WebSocket(url, protocols);
              this.#socket = socket;
              this.#attempt.signal.addEventListener("abort", () => { socket.close(); resolve("aborted"); });
              socket.onopen = () => {
                const { channels, cursor } = this;
                const presence = [this.#options.presence ?? []].flat();
                socket.send(JSON.stringify({ do: "subscribe", id: "s", channels, presence, after: cursor ?? undefined,
                  last: cursor ? undefined : this.#options.last }));
              };
              socket.onmessage = ({ data }) => {
                this.#lastByte = Date.now();
                const { type, sub, cursor, id, code, reason, ...rest } = JSON.parse(data);
                if (type === "ok" && id === "s") return this.#live();
                if (type === "ok") return this.#settle(id, "resolve", cursor);
                if (type === "error" && id === "s") return reject(new Refusal(code, FINAL_CODES.has(code)));
                if (type === "error") return this.#settle(id, "reject", new Error(code));
                if (type === "end") return resolve(reason);
                opened();
                // A place is its subscription's: without one it is a sign of life.
                this.#receive(type, sub === "s" ? cursor : null, { reason, ...rest });
              };
              // A handshake that was refused tells nothing but that: the token may have been the reason.
              socket.onclose = ({ code }) =>
                code === 1006 && this.status !== "live" ? reject(new Refusal("unauthorised", false)) : resolve("closed");
            });
          }

          #settle(id, how, value) {
            this.#sent.get(id)?.[how](value);
            this.#sent.delete(id);
          }

          #live() {
            this.#lastByte = Date.now();
            this.#show("live");
          }

          // A message comes once, also if a server sends it again after a reconnect.
          #receive(type, cursor, data) {
            const at = cursor ? place(cursor) : null;
            // A gap says where the log really is, also if that is behind: then the file was restored.
            const isOld = type !== "gap" && at && at.epoch === this.#seen.epoch && at.seq <= this.#seen.seq;
            try {
              const body = typeof data === "string" ? JSON.parse(data) : data;
              if (type === "present") this.#present(body);
              else if (type === "gap") this.#options.gap?.(body, this);
              else if (!isOld && type === "presence") this.#change(body, at);
              else if (!isOld && type === "message") this.#options.message?.({ cursor, ...body }, this);
            } catch (error) {
              reportError(error);  // the page's own; the next message comes all the same
            }
            if (!at || isOld) return;
            this.#seen = at;
            this.cursor = cursor;
            this.#keep(cursor);
          }

          #present({ channel, at, members }) {
            this.#members.set(channel, { at: place(at), list: new Map(members.map((one) => [one.member, one.info])) });
            this.#tellMembers(channel);
          }

          #change({ channel, event, data }, at) {
            const known = this.#members.get(channel);
            if (!known || (known.at.epoch === at.epoch && at.seq <= known.at.seq)) return;
            if (event === "leave") known.list.delete(data.member);
            else known.list.set(data.member, data.info);
            this.#tellMembers(channel);
          }

          #tellMembers(channel) {
            const members = [...this.#members.get(channel).list].map(([member, info]) => ({ member, info }));
            this.#options.members?.(members, channel, this);
          }

          #show(status, reason) {
            if (this.status === status && status !== "connecting") return;
            this.status = status;
            try {
              this.#options.status?.(status, reason, this);
            } catch (error) {
              reportError(error);  // the page's own; the subscription lives on
            }
          }
        }

        function place(cursor) {
          const [epoch, seq] = cursor.split("-");
          return { epoch, seq: Number(seq) };
        }

        """##
}
#endif
