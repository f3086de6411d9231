// app.js: which page this is, what stands around it, and who looks at it.

import { offered, person, settle, signOut } from "./auth.js";
import { book, forget } from "./book.js";
import { isolated } from "./bidi.js";
import { bdi, byId, drawing, el } from "./dom.js";
import { find } from "./find.js";
import { language, languages, speak, t } from "./i18n.js";
import { cancelled, success } from "./payment.js";
import { forgetReason, keptReason } from "./reason.js";
import { sessions } from "./sessions.js";
import { button, leaveForGood, link, showState, signIn } from "./states.js";

const NAME_MAX = 40;
const MARK = ["M5 4.5v8a7 7 0 0 0 14 0V7.5", "m14.5 10.5 4.5-4.5 4.5 4.5"];

/** The lists that this person's roles open, the first one at "/". */
function listsOf(roles) {
	const lists = [["parent", "navBookings", "/bookings"], ["teacher", "navTeaching", "/teaching"], ["student", "navAttending", "/attending"]];
	return lists.filter(([role]) => roles.has(role)).map(([role, name, path], i) => ({ role, name, path: i ? path : "/" }));
}

const isStaff = (roles) => roles.has("admin") || roles.has("support");

function pagesOf(roles) {
	const pages = listsOf(roles).map(({ name, path }) => [name, path]);
	if (roles.has("parent")) pages.splice(1, 0, ["navBook", "/book"]);
	if (isStaff(roles)) pages.push(["navFind", "/find"]);
	return pages;
}

const here = location.pathname.toLowerCase().replace(/(.)\/$/, "$1");

function header(who) {
	const at = here === "/" && who && isStaff(who.roles) && !listsOf(who.roles).length ? "/find" : here;
	const item = ([name, path]) => el("li", {}, el("a", { href: path, "aria-current": path === at ? "page" : null }, t(name)));
	const pages = who ? pagesOf(who.roles) : [];
	byId("header").replaceChildren(el("div", {},
		el("a", { class: "mark", href: "/", "aria-label": `unbook, ${t("home")}` }, drawing("0 0 26 24", ...MARK), "unbook"),
		pages.length ? el("nav", { "aria-label": t("menu") }, el("ul", {}, pages.map(item))) : null,
		who ? el("div", { class: "who" }, el("span", {}, bdi(who.name)), button(t("signOut"), leave, "quiet")) : null));
}

function footer() {
	const options = languages.map(({ code, name }) => el("option", { value: code, lang: code, selected: code === language }, name));
	const select = el("select", { onchange: (event) => speak(event.target.value) }, options);
	byId("footer").replaceChildren(el("div", {}, el("span", {}, "unbook"), el("label", {}, t("languageLabel"), select)));
}

function leave() {
	signOut();
	forget();
	forgetReason();
	leaveForGood();
	showState({ picture: "good", title: t("signedOut"), lines: [t("signedOutText")], actions: [link(t("signIn"), "/signin")] });
}

function home(roles) {
	const [first] = listsOf(roles);
	if (first) return sessions(first.role);
	if (isStaff(roles)) return find();
	return notFound();
}

function notFound() {
	showState({ picture: "bad", title: t("notFoundTitle"), lines: [t("notFoundText")], actions: [link(t("home"), "/")] });
}

function onlyParents() {
	showState({ picture: "key", title: t("onlyParents"), lines: [t("onlyParentsText")] });
}

/** What a token calls somebody, which nobody has checked yet: not long, and without the marks that tell it from our words. */
function short(name) {
	const letters = [...name.replaceAll(/[“”„«»"]/g, "")];
	return letters.length > NAME_MAX ? `${letters.slice(0, NAME_MAX).join("")}…` : letters.join("");
}

/** A link of somebody else was opened: nobody's account is changed without being asked. */
function askWho(who, other) {
	const isAlike = short(who.name) === short(other.name);
	const nameOf = ({ name, id }) => isolated(name === "" || isAlike ? `${short(name)} (${short(id)})`.trim() : short(name));
	const choose = (isOther) => () => {
		settle(isOther);
		location.reload();
	};
	showState({
		picture: "key",
		title: t("whoTitle"),
		lines: [t("whoText", { who: nameOf(who), other: nameOf(other) })],
		actions: [
			button(t("whoStay", { name: nameOf(who) }), choose(false), "primary"),
			button(t("whoChange", { name: nameOf(other) }), choose(true)),
		],
	});
}

/** What stands at each address. */
const places = (roles) => ({
	"/": () => home(roles),
	"/bookings": () => sessions("parent"),
	"/teaching": () => sessions("teacher"),
	"/attending": () => sessions("student"),
	"/book": () => (roles.has("parent") ? book() : onlyParents()),
	"/find": find,
	"/payment/success": success,
	"/payment/cancel": cancelled,
	"/signin": () => signIn(false),
});

const who = person();
keptReason(); // what somebody else has left goes, whichever page this is
document.documentElement.lang = language;
byId("skip").textContent = t("skip");
header(who);
let shown = who?.id;
addEventListener("signedout", () => {
	shown = undefined;
	header(null);
});
/* A page that the browser had kept as it was left: it may show what is another person's, or what has become of a payment since. */
addEventListener("pageshow", (event) => event.persisted && (person()?.id !== shown || here.startsWith("/payment/")) && location.reload());
footer();
const draw = places(who?.roles ?? new Set())[here] ?? notFound;
const other = who && offered();
if (other) askWho(who, other);
else if (who || draw === notFound) draw();
else signIn(false);
