# SPDX-License-Identifier: Apache-2.0
# Sourced by ./run and ./test: say things in the reader's language, get the packages that are missing, build.

case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in
ru | ru_* | ru.*) language=ru ;;
*) language=en ;;
esac

# say ENGLISH RUSSIAN
say() {
	if [ "$language" = ru ]; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi >&2
}

# What is needed to build, to test, to fuzz: Debian's package, and how to tell that it is there
# (a command, a pkg-config module, a Python module), so that other systems are not asked for Debian's names.
packages_build='build-essential:cmd:cc meson:cmd:meson ninja-build:cmd:ninja pkg-config:cmd:pkg-config python3:cmd:python3
	libssl-dev:pc:libssl libc-ares-dev:pc:libcares libsqlite3-dev:pc:sqlite3 libfyaml-dev:pc:libfyaml libjansson-dev:pc:jansson libmicrohttpd-dev:pc:libmicrohttpd'
packages_test='libcmocka-dev:pc:cmocka valgrind:cmd:callgrind_control python3-pytest:py:pytest python3-pytest-xdist:py:xdist openssl:cmd:openssl iproute2:cmd:ip nftables:file:/usr/sbin/nft'
packages_clients='baresip-core:cmd:baresip sip-tester:cmd:sipp sipsak:cmd:sipsak'
packages_browser='chromium:cmd:chromium fonts-dejavu-core:file:/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf nodejs:cmd:node npm:cmd:npm'
packages_fuzz='clang-14:cmd:clang-14 libclang-rt-14-dev:file:/usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a'

is_there() {
	case "$1" in
	cmd) command -v "$2" ;;
	pc) pkg-config --exists "$2" ;;
	py) /usr/bin/python3 -c "import $2" ;;
	file) ls $2 ;;
	esac >/dev/null 2>&1
}

# The packages of a list that are not there.
missing() {
	for entry in $1; do
		rest=${entry#*:}
		is_there "${rest%%:*}" "${rest#*:}" || printf ' %s' "${entry%%:*}"
	done
}

# get_packages LIST: install what is missing, or say how. Status 1: something is still missing.
get_packages() {
	wanted=$(missing "$1")
	[ -n "$wanted" ] || return 0
	install="apt-get install -y --no-install-recommends$wanted"
	say "Missing packages:$wanted" "Не хватает пакетов:$wanted"
	if ! command -v apt-get >/dev/null; then
		say "This system has no apt-get. Install what these are called here, then try again." \
		    "В этой системе нет apt-get. Установите то, что здесь так называется, и повторите."
		return 1
	fi
	if [ "$(id -u)" = 0 ]; then
		as_root=
	elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		as_root=sudo
	else
		say "Run as root, then try again:" "Выполните от имени root и повторите:"
		printf '  apt-get update && %s\n' "$install" >&2
		return 1
	fi
	say "Installing them with apt-get ..." "Устанавливаю через apt-get ..."
	if ! { $as_root env DEBIAN_FRONTEND=noninteractive $install || { $as_root apt-get update &&
	       $as_root env DEBIAN_FRONTEND=noninteractive $install; }; } >"${TMPDIR:-/tmp}/sluice-apt.$$" 2>&1; then
		tail -n 15 "${TMPDIR:-/tmp}/sluice-apt.$$" >&2
		say "apt-get failed (above)." "apt-get не справился (см. выше)."
	fi
	rm -f "${TMPDIR:-/tmp}/sluice-apt.$$"
	wanted=$(missing "$1")
	[ -n "$wanted" ] || return 0
	say "Still missing:$wanted" "Всё ещё не хватает:$wanted"
	return 1
}

# What the browser tests need beside chromium: npm's packages, as tests/browser/package-lock.json pins them.
get_browser() {
	get_packages "$packages_browser" || return 1
	[ tests/browser/node_modules/.package-lock.json -nt tests/browser/package-lock.json ] && return 0
	say "Installing playwright-core and axe-core with npm ..." "Устанавливаю playwright-core и axe-core с помощью npm ..."
	if ! (cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules/.package-lock.json) >"${TMPDIR:-/tmp}/sluice-npm.$$" 2>&1; then
		tail -n 15 "${TMPDIR:-/tmp}/sluice-npm.$$" >&2
		say "npm failed (above)." "npm не справился (см. выше)."
		rm -f "${TMPDIR:-/tmp}/sluice-npm.$$"
		return 1
	fi
	rm -f "${TMPDIR:-/tmp}/sluice-npm.$$"
}

# build FOLDER TARGETS MESON-OPTIONS...: configure when there is need, compile; speaks only of trouble.
build() {
	folder=$1 targets=$2
	shift 2
	mkdir -p "$folder"
	if ! { [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@"; } >"$folder/setup.log" 2>&1; then
		cat "$folder/setup.log" >&2
		say "Could not be configured (above)." "Не удалось сконфигурировать (см. выше)."
		return 1
	fi
	if ! ninja -C "$folder" $targets >"$folder/build.log" 2>&1; then
		grep -v '^\[' "$folder/build.log" | tail -n 60 >&2
		say "Could not be built (above)." "Не удалось собрать (см. выше)."
		return 1
	fi
}
