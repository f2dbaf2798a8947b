// A server that is asked to stop ends cleanly, and starts again from its folder with everything it was told.
import { check, holds, same } from "../lib.mjs";
import { STOP_MS } from "../server.mjs";

export default function (test) {
  test("stopped by SIGTERM and started again, the case is still there", async (world) => {
    const number = await world.report();
    await (await world.staff("call_taker")).did(number, "file");
    // A page that listens must not hold the server up.
    const desk = await world.signIn(await world.account("dispatcher"));
    await Promise.all([desk.waitForResponse((answer) => answer.url().includes("/live?")), desk.goto("/desk")]);
    const end = await world.server.stop();
    same(end.code, 0, "the exit code");
    check(end.ms < STOP_MS, `stopping took ${end.ms.toFixed(0)} ms`);
    const ms = await world.server.start();
    await world.closePages(false);
    const dispatcher = await world.staff("dispatcher");
    holds(await dispatcher.state(number), "已立案", "the state");
    return `stopped in ${end.ms.toFixed(0)} ms, ready again in ${ms.toFixed(0)} ms`;
  });
}
