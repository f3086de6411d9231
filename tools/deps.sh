# What must be installed, in groups, so that a command asks only for what it needs. Sourced by ./dev.
#   deps_ensure <group>...    build: compile      unit: Criterion     run: PostgreSQL, Redis, Python
#                             test: real Kafka    support: Go         bench: a load
#                             gates: linters      portability: a second Debian
#                             browser: what looks at the pages
# Quick when nothing is missing. On a terminal it asks first, unless yes=1.

deps_build="gcc libc6-dev cmake ninja-build pkg-config libpq-dev librdkafka-dev libhiredis-dev
	libcurl4-openssl-dev libmicrohttpd-dev libjose-dev libjansson-dev libssl-dev python3 python3-yaml"
deps_run="postgresql postgresql-contrib redis-server python3 python3-venv ca-certificates"
deps_unit="libcriterion-dev python3 util-linux"
deps_test="default-jre-headless maven prometheus nginx"
deps_browser="chromium fonts-inter"
deps_bench="wrk"
deps_support=$(command -v go >/dev/null || echo golang-go) # fetches Stripe's description; any go will do
deps_gates="clang clang-format clang-tidy universal-ctags gcovr git"
deps_portability="debootstrap git"

venv=build/venv
kafka_jars=build/kafka

deps_packages() {
	local group list="deps_$1"
	for group in ${!list}; do echo "$group"; done
}

# Package names that are not installed; "pkg-config" and the like may be provided by another one.
deps_missing_packages() {
	local wanted have
	wanted=$(for group in "$@"; do deps_packages "$group"; done | sort -u)
	have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n${db:Status-Status} ${Provides}\n' 2>/dev/null |
		sed -n 's/^installed //p' | sed 's/ ([^)]*)//g; s/, /\n/g' | sort -u)
	comm -23 <(echo "$wanted") <(echo "$have")
}

deps_venv_is_current() {
	[ -x $venv/bin/python ] && cmp -s tests/requirements.txt $venv/requirements.txt
}

deps_kafka_is_current() {
	cmp -s tests/support/kafka/pom.xml $kafka_jars/pom.xml
}

deps_needs() {
	local group
	local wanted=$1
	shift
	for group in "$@"; do [ "$group" = "$wanted" ] && return 0; done
	return 1
}

deps_ask() {
	[ "${yes:-0}" = 1 ] && return 0
	[ -t 0 ] && [ -t 1 ] || return 0
	local answer
	read -r -p "Go on? [Y/n] " answer
	case $answer in
	n* | N*) die "nothing was installed" ;;
	esac
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "installing packages needs root (or sudo): apt-get install $missing"
	fi
}

# Debian starts what it installs. These are only programs to us: no server of the machine's own is started
# or set up by this, and the refusal is taken away again at once.
deps_apt() {
	local policy=/usr/sbin/policy-rc.d made=0 rc=0
	if [ ! -e $policy ]; then
		as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
		made=1
	fi
	as_root apt-get -q=2 update &&
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -q=2 -o Dpkg::Use-Pty=0 install \
			--no-install-recommends -y "$@" || rc=$?
	[ $made = 0 ] || as_root rm -f $policy
	return $rc
}

deps_make_venv() {
	say "Python packages (build/venv) ..."
	rm -rf $venv
	/usr/bin/python3 -m venv $venv
	$venv/bin/pip install -q --disable-pip-version-check --no-input --require-hashes -r tests/requirements.txt
	cp tests/requirements.txt $venv/requirements.txt
}

deps_fetch_kafka() {
	say "Apache Kafka (build/kafka) ..."
	rm -rf $kafka_jars
	mvn -q -B -f tests/support/kafka/pom.xml dependency:copy-dependencies \
		-DoutputDirectory="$PWD/$kafka_jars" -DincludeScope=runtime
	cp tests/support/kafka/pom.xml $kafka_jars/pom.xml
}

deps_ensure() {
	local missing python=0 kafka=0 log=build/deps.log
	missing=$(deps_missing_packages "$@" | xargs)
	if deps_needs run "$@" && ! deps_venv_is_current; then python=1; fi
	if deps_needs test "$@" && ! deps_kafka_is_current; then kafka=1; fi
	[ -n "$missing" ] || [ $python = 1 ] || [ $kafka = 1 ] || return 0

	say "This needs, and will install:"
	[ -z "$missing" ] || say "  from Debian (apt-get): $missing"
	[ $python = 0 ] || say "  from PyPI, into build/venv: $(xargs <tests/requirements.in)"
	[ $kafka = 0 ] || say "  from Maven Central, into build/kafka: Apache Kafka (54 MB)"
	deps_ask
	mkdir -p build
	if [ -n "$missing" ]; then
		say "Debian packages ..."
		# shellcheck disable=SC2086
		deps_apt $missing >$log 2>&1 || { tail -20 $log >&2; die "apt-get failed (all of it: $log)"; }
	fi
	if [ $python = 1 ]; then deps_make_venv || die "Python packages could not be installed"; fi
	if [ $kafka = 1 ]; then deps_fetch_kafka || die "Kafka could not be fetched"; fi
}
