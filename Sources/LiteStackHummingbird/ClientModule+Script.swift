#if Hummingbird
extension ClientModule {
    /// The client for browsers: one ES module without dependencies.
    static let script = ClientModule(entrance + subscription, "text/javascript; charset=utf-8")

    private static let entrance = ##"""
        // The browser's end of a LiteCable: server-sent events or WebSocket, resumed by cursor, each message once.
        /** Connects to the routes at `url`, such as "/cable". Nothing is sent before the first subscription. */
        export function connect(url, options = {}) {
          return new Cable(url, options);
        }

        // Nothing came for this many heartbeats: the connection is dead, or the page was asleep.
        const DEAD_AFTER = 2.5;
        // Refusals that another attempt would meet again.
        const FINAL = new Set([400, 403]);
        const FINAL_CODES = new Set(["forbidden", "invalidChannel", "invalidCommand", "tooLarge"]);
        class Refusal extends Error {
          constructor(code, isFinal) {
            super(code);
            this.isFinal = isFinal;
            this.needsToken = code === "expired" || code === "unauthorised";
          }
        }

        class Cable {
          #source;
          #token;

          constructor(url, { token, transport = "sse", heartbeat = 15000, minimumWait = 500, maximumWait = 30000 }) {
            this.url = new URL(String(url).replace(/\/$/, ""), document.baseURI);
            this.#source = token;
            this.settings = { transport, heartbeat, minimumWait, maximumWait };
          }

          /** The token; a fresh one if the last was refused. */
          async token(isFresh) {
            if (typeof this.#source !== "function") return this.#source;
            if (isFresh || this.#token === undefined) this.#token = await this.#source();
            return this.#token;
          }

          /** Subscribes to channels. Call `close()` on what it returns to end it. */
          subscribe(channels, options = {}) {
            return new Subscription(this, [channels].flat(), options);
          }
        }


        """##
}
#endif
