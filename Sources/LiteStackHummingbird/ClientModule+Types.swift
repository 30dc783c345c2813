#if Hummingbird
extension ClientModule {
    /// The types of the client.
    static let types = ClientModule(
        """
        /** A place in the log: `<epoch>-<seq>`. */
        export type Cursor = string;

        export interface Message<Data = unknown> {
          /** Its place. A page that is rendered on the server passes such a cursor as `after`. */
          cursor: Cursor;
          channel: string;
          /** What its publisher called it. */
          event?: string;
          /** When it was published: milliseconds since 1970. */
          at: number;
          /** What was published, if it was a value. */
          data?: Data;
          /** What was published, if it was bytes that are text. */
          text?: string;
          /** What was published, if it was other bytes: base64url. */
          base64?: string;
        }

        export interface Gap {
          /** `trimmed`: retention removed it. `otherLog`: the file was replaced. `dropped`, `notReplayed`: too much. */
          reason: "trimmed" | "otherLog" | "dropped" | "notReplayed";
          from: Cursor;
          to: Cursor;
        }

        export interface Member<Info = unknown> {
          member: string;
          info: Info | null;
        }

        /** `waiting` is the pause before the next attempt; `refused` is final. */
        export type Status = "connecting" | "live" | "waiting" | "closed" | "refused";

        export interface ConnectOptions {
          /** A channel token, or what fetches one. It is asked again when a token was refused or has expired.
           *  It travels in a field of the request, never in its address. */
          token?: string | (() => string | Promise<string>);
          /** Default "sse". */
          transport?: "sse" | "websocket";
          /** The server's heartbeat in milliseconds. Default 15000. After two and a half of silence it connects anew. */
          heartbeat?: number;
          /** The first pause before a new attempt, in milliseconds, doubled each time. Default 500. */
          minimumWait?: number;
          /** The longest. Default 30000. */
          maximumWait?: number;
        }

        export interface SubscribeOptions<Data = unknown, Info = unknown> {
          /** Where to begin. Without it: at the place kept under `key`, or live. */
          after?: Cursor;
          /** Begin with the last so many messages, if the grant allows it. */
          last?: number;
          /** The name under which the place is kept in `sessionStorage`, so that a reload goes on there. */
          key?: string;
          /** Channels on which to be present for as long as this lives. */
          presence?: string | string[];
          message?(message: Message<Data>, subscription: Subscription): void;
          /** Messages may be missing: read your data anew. */
          gap?(gap: Gap, subscription: Subscription): void;
          /** Who is present on a channel, each time that changes. */
          members?(members: Member<Info>[], channel: string, subscription: Subscription): void;
          status?(status: Status, reason: string | undefined, subscription: Subscription): void;
        }

        export interface Subscription {
          readonly channels: string[];
          /** This connection's id, so that your server can leave it out when it publishes. */
          readonly connection: string;
          readonly status: Status;
          /** The place that it has come to. */
          readonly cursor: Cursor | null;
          /** Publishes, if the grant allows it. Only over WebSocket. */
          publish(channel: string, data: unknown, options?: { event?: string; exclude?: boolean }): Promise<Cursor>;
          close(): void;
        }

        export interface Cable {
          subscribe<Data = unknown, Info = unknown>(
            channels: string | string[], options?: SubscribeOptions<Data, Info>
          ): Subscription;
        }

        export function connect(url: string | URL, options?: ConnectOptions): Cable;

        """, "text/plain; charset=utf-8")
}
#endif
