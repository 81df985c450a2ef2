// The Node client `etcd3` against a cluster whose client URLs are the arguments.
//
// Prints a line for each case and closes with `cases: passed=N failed=N`; node_suite.py starts it, and hurts
// the cluster when a line asks for it: "kill-leader" is answered on standard input by "done".
"use strict";

const assert = require("assert");
const readline = require("readline");
const { Etcd3, EtcdLockFailedError, GRPCDeadlineExceededError } = require("etcd3");

const hosts = process.argv.slice(2);
const client = new Etcd3({ hosts });
const cases = [];
const test = (name, run) => cases.push({ name, run });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const answers = readline.createInterface({ input: process.stdin });
const ask = (what) =>
  new Promise((resolve) => {
    answers.once("line", resolve);
    console.log(what);
  });

async function eventually(what, condition, seconds = 20) {
  const end = Date.now() + 1000 * seconds;
  let reason = "";
  while (Date.now() < end) {
    try {
      if (await condition()) return;
    } catch (error) {
      reason = error.message;
    }
    await sleep(50);
  }
  throw new Error(`${what}: not within ${seconds} s ${reason}`);
}

test("values are put, read and deleted", async () => {
  await client.put("js/a").value("1");
  assert.strictEqual(await client.get("js/a").string(), "1");
  assert.strictEqual(await client.get("js/a").number(), 1);
  await client.put("js/a").value(Buffer.from([0, 255, 254]));
  assert.deepStrictEqual(await client.get("js/a").buffer(), Buffer.from([0, 255, 254]));
  assert.strictEqual((await client.delete().key("js/a")).deleted, "1");
  assert.strictEqual(await client.get("js/a").string(), null);
});

test("ranges by prefix, limit and order", async () => {
  for (const name of ["b", "c", "a"]) await client.put(`js-range/${name}`).value(name);
  assert.deepStrictEqual(await client.getAll().prefix("js-range/").strings(), {
    "js-range/a": "a",
    "js-range/b": "b",
    "js-range/c": "c",
  });
  assert.deepStrictEqual(await client.getAll().prefix("js-range/").sort("Key", "Descend").keys(), [
    "js-range/c",
    "js-range/b",
    "js-range/a",
  ]);
  assert.strictEqual(await client.getAll().prefix("js-range/").count(), 3);
  assert.strictEqual((await client.getAll().prefix("js-range/").limit(2).keys()).length, 2);
  assert.strictEqual((await client.delete().prefix("js-range/")).deleted, "3");
});

test("namespaces keep apart", async () => {
  const space = client.namespace("js-space/");
  await space.put("x").value("1");
  assert.strictEqual(await client.get("js-space/x").string(), "1");
  assert.strictEqual(await client.get("x").string(), null);
});

test("a comparison decides between two branches", async () => {
  await client.put("js/cas").value("old");
  const swap = (from, to) =>
    client.if("js/cas", "Value", "==", from).then(client.put("js/cas").value(to)).else(client.get("js/cas")).commit();
  assert.strictEqual((await swap("wrong", "new")).succeeded, false);
  assert.strictEqual((await swap("old", "new")).succeeded, true);
  assert.strictEqual(await client.get("js/cas").string(), "new");
  const made = await client.if("js/none", "Create", "==", 0).then(client.put("js/none").value("x")).commit();
  assert.strictEqual(made.succeeded, true);
});

test("software transactional memory counts right", async () => {
  await client.put("js-stm").value("0");
  const add = () =>
    client.stm({ retries: 1000 }).transact(async (txn) => {
      const value = await txn.get("js-stm").number();
      await txn.put("js-stm").value(value + 1);
    });
  await Promise.all(Array.from({ length: 20 }, add));
  assert.strictEqual(await client.get("js-stm").number(), 20);
});

test("a lease is kept alive, and revoked with its keys", async () => {
  const lease = client.lease(2);
  await lease.put("js-leased").value("x");
  await sleep(4000);
  assert.strictEqual(await client.get("js-leased").string(), "x");
  await lease.revoke();
  assert.strictEqual(await client.get("js-leased").string(), null);
});

test("a lease that is left alone ends", async () => {
  const lease = client.lease(2, { autoKeepAlive: false });
  await lease.put("js-left").value("x");
  await eventually("the lease's end", async () => (await client.get("js-left").string()) === null, 12);
});

test("a lock is held by one", async () => {
  const first = client.lock("js-lock").ttl(10);
  await first.acquire();
  await assert.rejects(client.lock("js-lock").ttl(10).acquire(), EtcdLockFailedError);
  await first.release();
  await client.lock("js-lock").do(async () => {});
});

test("an election is won, observed and resigned", async () => {
  const election = client.election("js-office", 10);
  const campaign = election.campaign("alice");
  await new Promise((resolve, reject) => campaign.on("elected", resolve).on("error", reject));
  assert.strictEqual(await election.leader(), "alice");
  await campaign.resign();
  assert.strictEqual(await election.leader(), undefined);
});

test("a watch sees puts and deletes in order", async () => {
  const seen = [];
  const watcher = await client.watch().prefix("js-watch/").create();
  watcher.on("put", (kv) => seen.push(kv.value.toString())).on("delete", () => seen.push("gone"));
  for (let i = 0; i < 50; i++) await client.put(`js-watch/${i % 5}`).value(String(i));
  await client.delete().key("js-watch/0");
  await eventually("the events", () => seen.length === 51);
  assert.deepStrictEqual(seen, [...Array.from({ length: 50 }, (_, i) => String(i)), "gone"]);
  await watcher.cancel();
});

test("learners are added, not promoted too early, changed and removed", async () => {
  const ids = async () => (await client.cluster.memberList({})).members.map((member) => member.ID).sort();
  const before = await ids();
  let added;
  // etcd takes no change of a cluster that has been whole for less than five seconds.
  await eventually("another member", async () => {
    added = (await client.cluster.memberAdd({ peerURLs: ["http://127.0.0.1:1"], isLearner: true })).member;
    return true;
  });
  assert.deepStrictEqual(await ids(), [...before, added.ID].sort());
  await assert.rejects(client.cluster.memberPromote({ ID: added.ID }), /in sync with leader/);
  await client.cluster.memberUpdate({ ID: added.ID, peerURLs: ["http://127.0.0.1:2"] });
  const changed = (await client.cluster.memberList({})).members.find((member) => member.ID === added.ID);
  assert.deepStrictEqual(changed.peerURLs, ["http://127.0.0.1:2"]);
  await client.cluster.memberRemove({ ID: added.ID });
  assert.deepStrictEqual(await ids(), before);
  await assert.rejects(client.cluster.memberRemove({ ID: added.ID }), /member not found/);
});

// The last one: the leader stays dead.
test("a watch goes on through the leader's death, without gap or duplicate", async () => {
  const seen = [];
  const watcher = await client.watch().prefix("js-survive/").create();
  watcher.on("put", (kv) => seen.push(kv.value.toString()));
  for (let i = 0; i < 20; i++) {
    await client.put("js-survive/x").value(String(i));
    if (i === 9) assert.strictEqual(await ask("kill-leader"), "done");
    if (i === 9) await eventually("a put", () => client.put("js-after").value("x").then(() => true));
  }
  await eventually("the events", () => seen.length >= 20);
  assert.deepStrictEqual(seen, Array.from({ length: 20 }, (_, i) => String(i)));
  await watcher.cancel();
});

async function main() {
  let passed = 0;
  let failed = 0;
  for (const { name, run } of cases) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("took longer than 60 s")), 60000);
    });
    try {
      await Promise.race([run(), late]);
      passed += 1;
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}: ${error.stack}`);
    }
    clearTimeout(timer);
  }
  console.log(`cases: passed=${passed} failed=${failed}`);
  process.exit(failed === 0 ? 0 : 1);
}

main();
