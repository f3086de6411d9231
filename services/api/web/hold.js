// hold.js: a time that is held while its payment page is open, and what has become of it since.

import { now, ofCheckout, when } from "./api.js";
import { signIn } from "./states.js";

const LOOK_AGAIN_MS = 5000;
const PENDING = 0, CONFIRMED = 1, COMPLETED = 2;

/** How the session of a checkout stands that was left for its payment page (null: no longer listed): "open", "ending" (its time is over, and the server has not said what came of it), "awaited" (a payment takes days), "paid" or "over". */
export function standing(session) {
	if (session?.status === CONFIRMED || session?.status === COMPLETED) return "paid";
	if (session?.status !== PENDING) return "over";
	if (!session.checkoutUrl) return "awaited";
	return Date.parse(session.holdExpiresAt) > now() ? "open" : "ending";
}

export const canBePaid = (session) => ["open", "ending"].includes(standing(session));

let look = () => {}, stop = () => {};

export function unfollow() {
	stop();
	look = stop = () => {};
}

/** Call tell(session) whenever that hold is found to stand otherwise: at its end, and when somebody comes back to this page. One at a time. */
export function follow(held, tell) {
	unfollow();
	let seen = held, last = standing(held);
	const plan = () => (stop = when(Math.max(Date.parse(held.holdExpiresAt), now() + LOOK_AGAIN_MS), mine));
	const mine = async () => {
		stop();
		try {
			seen = await ofCheckout(held.stripeSessionId);
		} catch (problem) {
			if (!problem.kind) throw problem;
			if (problem.kind === "signin") return signIn(true);
		}
		if (look !== mine) return;
		if (canBePaid(seen)) plan();
		if (standing(seen) === last) return;
		last = standing(seen);
		tell(seen);
	};
	look = mine;
	if (canBePaid(held)) plan();
}

addEventListener("pageshow", (event) => event.persisted && look());
document.addEventListener("visibilitychange", () => !document.hidden && look());
