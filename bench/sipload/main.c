/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - options and commands of sipload, a small fast SIP load generator. See ../README.md. */
#include "agent.h"

#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/resource.h>

struct opts O = {.host = "127.0.0.1",
        .domain = "bench.test",
        .password = "secret",
        .port = 5060,
        .users = 1000,
        .flows = 1,
        .conns = 0,
        .socks = 16,
        .window = 100,
        .duration = 5,
        .warmup = 1,
        .timeout = 10,
        .pin = -1,
        .outbound = 1,
        .ping_interval = 30,
        .expires = 3600,
        .udp_rcvbuf = 8 << 20,
        .per_ip = 4000,
        .brk = 1,
        .order = 21,
        .probe = 1000,
        .settle_ms = 500};

void die(const char *fmt, ...)
{
	va_list ap_;
	va_start(ap_, fmt);
	fprintf(stderr, "sipload: ");
	vfprintf(stderr, fmt, ap_);
	fputc('\n', stderr);
	va_end(ap_);
	exit(2);
}

static void usage(void)
{
	fputs("usage: sipload COMMAND [options]      (targets in 127.0.0.0/8 only)\n"
	      " commands: register call message options flows failover floor\n"
	      " --host A --port P --proto udp|tcp|tls --domain D (bench.test) --password W (secret)\n"
	      " --users N --flows M (bindings a user) --conns K (TCP/TLS conns each side) --socks K (UDP sockets each side)\n"
	      " --window W (closed loop) | --rate R (open loop, per second; latency counts from the due time)\n"
	      " --duration S --warmup S | --count N;  --timeout S\n"
	      " --pids P[,P...] server pids for CPU and memory (descendants are found)  --pin CPU (this process)\n"
	      " --json FILE (append one line)  --label TEXT  --extra '\"k\":1'\n"
	      " --no-outbound (no reg-id/+sip.instance)  --ob (Contact;ob)  --dead-contact (only the flow reaches the UA)\n"
	      " call: --hold MS\n"
	      " flows: --steps N,N,..  --procs K (processes holding the connections; default by ulimit -n)  --crate R (connects/s; 0: "
	      "window)  --ping-interval S  --probe N  --no-register\n"
	      "        --settle MS  --gap MS (mass RST at the end, watch the server so long)\n"
	      " failover: --mode none|rst|fin|430|blackhole|drop --break 1|2 --order 12|21 --gap MS --invite\n"
	      " floor: --host --port (UDP and TCP) --tls-port P --cert F --key F\n"
	      " -v (repeat) verbose\n",
	        stderr);
	exit(2);
}
enum {
	X_HOST = 1000,
	X_PORT,
	X_PROTO,
	X_DOMAIN,
	X_PASS,
	X_USERS,
	X_FLOWS,
	X_CONNS,
	X_SOCKS,
	X_WINDOW,
	X_RATE,
	X_DUR,
	X_WARM,
	X_COUNT,
	X_TIMEOUT,
	X_PIDS,
	X_PIN,
	X_JSON,
	X_LABEL,
	X_EXTRA,
	X_NOOB,
	X_OB,
	X_DEAD,
	X_HOLD,
	X_STEPS,
	X_CRATE,
	X_PINGI,
	X_PROBE,
	X_NOREG,
	X_SETTLE,
	X_GAP,
	X_MODE,
	X_BREAK,
	X_ORDER,
	X_INVITE,
	X_BINDPORT,
	X_EXPIRES,
	X_RCVBUF,
	X_PERIP,
	X_PROCS
};
static const struct option lo[] = {{"host", 1, 0, X_HOST}, {"port", 1, 0, X_PORT}, {"proto", 1, 0, X_PROTO}, {"domain", 1, 0, X_DOMAIN},
        {"password", 1, 0, X_PASS}, {"users", 1, 0, X_USERS}, {"flows", 1, 0, X_FLOWS}, {"conns", 1, 0, X_CONNS}, {"socks", 1, 0, X_SOCKS},
        {"window", 1, 0, X_WINDOW}, {"rate", 1, 0, X_RATE}, {"duration", 1, 0, X_DUR}, {"warmup", 1, 0, X_WARM}, {"count", 1, 0, X_COUNT},
        {"timeout", 1, 0, X_TIMEOUT}, {"pids", 1, 0, X_PIDS}, {"pin", 1, 0, X_PIN}, {"json", 1, 0, X_JSON}, {"label", 1, 0, X_LABEL},
        {"extra", 1, 0, X_EXTRA}, {"no-outbound", 0, 0, X_NOOB}, {"ob", 0, 0, X_OB}, {"dead-contact", 0, 0, X_DEAD}, {"hold", 1, 0, X_HOLD},
        {"steps", 1, 0, X_STEPS}, {"crate", 1, 0, X_CRATE}, {"ping-interval", 1, 0, X_PINGI}, {"probe", 1, 0, X_PROBE},
        {"no-register", 0, 0, X_NOREG}, {"settle", 1, 0, X_SETTLE}, {"gap", 1, 0, X_GAP}, {"mode", 1, 0, X_MODE}, {"break", 1, 0, X_BREAK},
        {"order", 1, 0, X_ORDER}, {"invite", 0, 0, X_INVITE}, {"bind-port", 1, 0, X_BINDPORT}, {"expires", 1, 0, X_EXPIRES},
        {"rcvbuf", 1, 0, X_RCVBUF}, {"per-ip", 1, 0, X_PERIP}, {"procs", 1, 0, X_PROCS}, {0, 0, 0, 0}};

int main(int argc, char **argv)
{
	if (argc < 2)
		usage();
	O.cmd = argv[1];
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, on_int);
	signal(SIGTERM, on_int);
	if (!strcmp(O.cmd, "floor"))
		return cmd_floor(argc - 1, argv + 1);
	int o;
	optind = 2;
	while ((o = getopt_long(argc, argv, "v", lo, NULL)) != -1) {
		switch (o) {
		case 'v':
			O.verbose++;
			break;
		case X_HOST:
			O.host = optarg;
			break;
		case X_PORT:
			O.port = atoi(optarg);
			break;
		case X_PROTO:
			O.proto = !strcasecmp(optarg, "udp")   ? P_UDP
			          : !strcasecmp(optarg, "tcp") ? P_TCP
			          : !strcasecmp(optarg, "tls") ? P_TLS
			                                       : -1;
			if (O.proto < 0)
				usage();
			break;
		case X_DOMAIN:
			O.domain = optarg;
			break;
		case X_PASS:
			O.password = optarg;
			break;
		case X_USERS:
			O.users = atoi(optarg);
			break;
		case X_FLOWS:
			O.flows = atoi(optarg);
			break;
		case X_CONNS:
			O.conns = atoi(optarg);
			break;
		case X_SOCKS:
			O.socks = atoi(optarg);
			break;
		case X_WINDOW:
			O.window = atoi(optarg);
			break;
		case X_RATE:
			O.rate = atof(optarg);
			break;
		case X_DUR:
			O.duration = atof(optarg);
			break;
		case X_WARM:
			O.warmup = atof(optarg);
			break;
		case X_COUNT:
			O.count = atol(optarg);
			break;
		case X_TIMEOUT:
			O.timeout = atof(optarg);
			break;
		case X_PIDS:
			for (char *t = strtok(optarg, ", "); t && O.npids < 64; t = strtok(NULL, ", "))
				O.pids[O.npids++] = atoi(t);
			break;
		case X_PIN:
			O.pin = atoi(optarg);
			break;
		case X_JSON:
			O.json = optarg;
			break;
		case X_LABEL:
			O.label = optarg;
			break;
		case X_EXTRA:
			O.extra_json = optarg;
			break;
		case X_NOOB:
			O.outbound = 0;
			break;
		case X_OB:
			O.ob = 1;
			break;
		case X_DEAD:
			O.dead_contact = 1;
			break;
		case X_HOLD:
			O.hold_ms = atoi(optarg);
			break;
		case X_STEPS:
			for (char *t = strtok(optarg, ", "); t && O.nsteps < 16; t = strtok(NULL, ", "))
				O.steps[O.nsteps++] = atoi(t);
			break;
		case X_CRATE:
			O.crate = atof(optarg);
			break;
		case X_PINGI:
			O.ping_interval = atof(optarg);
			break;
		case X_PROBE:
			O.probe = atoi(optarg);
			break;
		case X_NOREG:
			O.noreg = 1;
			break;
		case X_SETTLE:
			O.settle_ms = atoi(optarg);
			break;
		case X_GAP:
			O.gap_ms = atoi(optarg);
			break;
		case X_MODE:
			O.mode = optarg;
			break;
		case X_BREAK:
			O.brk = atoi(optarg) == 2 ? 2 : 1;
			break;
		case X_ORDER:
			O.order = atoi(optarg);
			break;
		case X_INVITE:
			O.invite = 1;
			break;
		case X_BINDPORT:
			O.bind_port = atoi(optarg);
			break;
		case X_EXPIRES:
			O.expires = atoi(optarg);
			break;
		case X_RCVBUF:
			O.udp_rcvbuf = atoi(optarg);
			break;
		case X_PROCS:
			O.procs = atoi(optarg);
			break;
		case X_PERIP:
			O.per_ip = atoi(optarg);
			break;
		default:
			usage();
		}
	}
	if (O.users < 1 || O.flows < 1 || O.window < 1 || O.socks < 1 || O.per_ip < 1 || O.per_ip > 25000)
		usage();
	if (O.pin >= 0) {
		cpu_set_t s;
		CPU_ZERO(&s);
		CPU_SET((unsigned)O.pin, &s);
		sched_setaffinity(0, sizeof s, &s);
	}
	struct rlimit rl;
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	NOW = now_ns();
	runid = (u32)(NOW >> 10);
	rng ^= NOW;
	tmr_init();
	net_init();
	if (O.proto == P_TLS) {
		g_ctx = SSL_CTX_new(TLS_client_method());
		SSL_CTX_set_mode(g_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
		SSL_CTX_set_session_cache_mode(g_ctx, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_verify(g_ctx, SSL_VERIFY_NONE, NULL);
	}
	on_msg = app_msg;
	on_pong = app_pong;
	on_open = app_open;
	on_closed = app_closed;
	int nmax = O.nsteps ? O.steps[O.nsteps - 1] : O.users;
	cseq_of = calloc((size_t)(nmax > O.users ? nmax : O.users) * (size_t)(O.flows < 2 ? 2 : O.flows), sizeof *cseq_of);
	if (!strcmp(O.cmd, "register"))
		return cmd_register();
	if (!strcmp(O.cmd, "call"))
		return cmd_call();
	if (!strcmp(O.cmd, "message"))
		return cmd_message();
	if (!strcmp(O.cmd, "options"))
		return cmd_options();
	if (!strcmp(O.cmd, "flows"))
		return cmd_flows();
	if (!strcmp(O.cmd, "failover"))
		return cmd_failover();
	usage();
}
