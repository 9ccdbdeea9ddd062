/** One Envoy of the fleet as the plugin sees it: the shipped module, its ticks, its calls to the agent. */
import type { Random, Timeline } from '../fleet/ports.ts';
import { PluginVm } from '../../../wasm-plugin/support/host.ts';
import type { HttpCall } from '../../../wasm-plugin/support/module-interface.ts';
import { SharedData } from '../../../wasm-plugin/support/shared-data.ts';
import type { WasmModule } from '../../../wasm-plugin/support/web-assembly.ts';
import type { SimulatedAgent } from './agent.ts';
import { HOP_SECONDS, UP_MS } from './clock.ts';

export interface ProxyParts {
  readonly timeline: Timeline;
  readonly module: WasmModule;
  readonly nodeId: string;
  readonly agent: SimulatedAgent;
  readonly random: Random;
}

export class SimulatedProxy {
  readonly vm: PluginVm;
  readonly #parts: ProxyParts;
  /** Calls up to this token are handled. */
  #seen = 0;

  constructor(parts: ProxyParts) {
    const { timeline, module, nodeId, random } = parts;
    this.#parts = parts;
    const word = (): bigint => BigInt(Math.floor(random() * 0x1_0000_0000));
    this.vm = new PluginVm(module, {
      shared: new SharedData(),
      now: () => UP_MS + timeline.now * 1000,
      random: () => (word() << 32n) | word(),
      nodeId,
    });
    timeline.after((random() * this.vm.tickMs) / 1000, () => this.#tick());
  }

  #tick(): void {
    this.#parts.timeline.after(this.vm.tickMs / 1000, () => this.#tick());
    this.vm.tick();
    this.#send();
  }

  /** Sends the plugin's new calls. */
  #send(): void {
    for (const call of this.vm.calls.filter(({ token }) => token > this.#seen)) {
      this.#seen = call.token;
      this.#parts.agent.sync(call.body, (answer) => this.#answer(call, answer ? 200 : 204, answer));
    }
  }

  #answer(call: HttpCall, status: number, body?: Uint8Array): void {
    this.#parts.timeline.after(HOP_SECONDS, () => {
      this.vm.answer(call, status, body);
      this.#send();
    });
  }
}
