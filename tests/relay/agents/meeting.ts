/** A relay in this process and an agent double of its account `local`, for claims about what passes between them. @module */

import { type Relay, type RelayOptions, startRelay } from "../../../relay/mod.ts";
import { AgentDouble, type DoubleOptions } from "../../support/agent_double.ts";
import { type Answer, type Request, Visitor } from "../../support/visitor.ts";
import { TempDir } from "../store/temp_dir.ts";

const ANYWHERE = "127.0.0.1:0";

/** Both, until disposed. */
export class Meeting implements AsyncDisposable {
  readonly relay: Relay;
  readonly agent: AgentDouble;
  readonly #dir: TempDir;

  private constructor(relay: Relay, agent: AgentDouble, dir: TempDir) {
    this.relay = relay;
    this.agent = agent;
    this.#dir = dir;
  }

  static async begin(
    options: RelayOptions = {},
    double: Partial<DoubleOptions> = {},
  ): Promise<Meeting> {
    const dir = new TempDir();
    const relay = await startRelay({
      http: ANYWHERE,
      tunnel: ANYWHERE,
      data: dir.path,
      drain: 5_000,
      ...options,
    });
    const { tunnel, credential } = relay.local!;
    const agent = await AgentDouble.connect({ tunnel, token: credential, ...double });
    return new Meeting(relay, agent, dir);
  }

  /** Another agent of the same account. */
  async further(double: Partial<DoubleOptions> = {}): Promise<AgentDouble> {
    const { tunnel, credential } = this.relay.local!;
    return await AgentDouble.connect({ tunnel, token: credential, ...double });
  }

  visitor(): Promise<Visitor> {
    return Visitor.connect(this.relay.http[0]!);
  }

  /** What a visitor gets when the agent answers with this head and body. */
  async answer(
    lines: readonly string[],
    { body = "ok", ...request }: Omit<Request, "body"> & { body?: string } = {},
  ): Promise<Answer> {
    using visitor = await this.visitor();
    await visitor.request("/local/x", request);
    const asked = await this.agent.next();
    asked.head([...lines, "", ""].join("\r\n"), body === "");
    if (body !== "") await asked.write(body, true);
    return await visitor.answer({ method: request.method ?? "GET" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]();
    await this.relay.stop(0);
    this.#dir[Symbol.dispose]();
  }
}
