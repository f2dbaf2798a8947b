// What a person's program reads of plans, standing rules and administration, with the token of a session, over the same generated types.
import { client, told } from "./loop.js";

export interface Desk {
  base: string;
  /** Token of somebody who computes plans. */
  planner: string;
  /** Token of an administrator of the county. */
  admin: string;
  county: string;
}

export interface Read {
  plans: string[];
  asked: number;
  reached: number;
  rules: number;
  dispatchers: number;
  accounts: number;
  /** What the planner is told of administration, and the policy of calls. */
  closed: { status: number; policy: string | null };
}

export async function desk({ base, planner, admin, county }: Desk): Promise<Read> {
  const [work, office] = [client(base, planner), client(base, admin)];
  const plans = told("plans", await work.GET("/api/plans"));
  const query = { place: county };
  const plan = told("a plan", await work.GET("/api/plans/fifteen_minute_circle", { params: { query } }));
  const rules = told("rules", await work.GET("/api/rules"));
  const posts = told("posts", await office.GET("/api/admin/posts", { params: { query: { role: "dispatcher", place: county } } }));
  const accounts = told("accounts", await office.GET("/api/admin/accounts", { params: { query: { limit: 5 } } }));
  const { response } = await work.GET("/api/admin/accounts");
  return {
    plans: plans.items.flatMap(({ plan }) => plan ?? []),
    asked: Number(plan.asked),
    reached: plan.reached?.length ?? 0,
    rules: rules.items.length,
    dispatchers: posts.items.length,
    accounts: accounts.items.length,
    closed: { status: response.status, policy: response.headers.get("ratelimit-policy") },
  };
}
