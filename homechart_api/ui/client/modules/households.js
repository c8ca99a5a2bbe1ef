// Who shares: starting a household, inviting, joining.

import { ask } from "./api.js";
import { byID, copyOf, initials, onSubmit } from "./dom.js";
import { say } from "./notice.js";

const NIL = "00000000-0000-0000-0000-000000000000";
let told;

/** The forms for starting and joining; `changed` is called with the households whenever they are read. */
export function connect(changed) {
  told = changed;
  onSubmit(byID("create-household"), async ({ name }) => {
    await ask("POST", "/auth/households", { body: { name: name.trim() } });
    await read();
  });
  onSubmit(byID("accept"), async ({ code }) => {
    const before = byID("households").childElementCount;
    // The code alone says which household it is of.
    await ask("GET", `/auth/households/${NIL}/invites/${encodeURIComponent(code.trim())}`);
    await read();
    if (byID("households").childElementCount === before) {
      throw new Error("This code is not, or no longer, valid.");
    }
    byID("accept").reset();
    byID("join").open = false;
  });
}

/** Read the households of the account and show them. */
export async function read() {
  const answer = await ask("GET", "/auth/households");
  const households = answer?.dataValue ?? [];
  show(households);
  told(households);
}

function show(households) {
  const cards = new Map([...byID("households").children].map((card) => [card.dataset.id, card]));
  byID("households").replaceChildren(
    ...households.map((household) => fill(cards.get(household.id) ?? newCard(household), household)),
  );
  byID("no-household").hidden = households.length > 0;
}

function newCard({ id }) {
  const card = copyOf("household-card");
  card.dataset.id = id;
  const form = card.querySelector("form");
  onSubmit(form, async ({ emailAddress }) => {
    await ask("POST", `/auth/households/${id}/invites`, { body: { emailAddress } });
    form.reset();
    card.querySelector(".invite").open = false;
    await read();
  });
  return card;
}

function fill(card, { name, members }) {
  card.querySelector("h2").textContent = name;
  card.querySelector(".members").replaceChildren(
    ...members.map((member) => (member.inviteToken ? waiting(member) : present(member))),
  );
  return card;
}

function present({ name, emailAddress, child }) {
  const row = copyOf("member-row");
  row.querySelector(".avatar").textContent = initials(name || emailAddress);
  row.querySelector(".name").textContent = name || emailAddress;
  row.querySelector(".note").textContent = child ? "Child" : "";
  return row;
}

function waiting({ name, emailAddress, inviteToken }) {
  const row = copyOf("invite-row");
  row.querySelector(".name").textContent = emailAddress || name;
  row.querySelector(".code").textContent = inviteToken;
  const copy = row.querySelector("button");
  // Only there where the page is served securely; elsewhere a click selects the code.
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(inviteToken);
    say("The code is copied.");
  });
  return row;
}
