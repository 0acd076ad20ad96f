/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says and does while no connection more can be held. The clock is set forward, and the log counted (--wrap). */
#include "clock.h"
#include "log.h"
#include "rig.h"
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define MINUTES 3
#define KNOCKS  10                              /* a minute */

static _Atomic int64_t forward_ms;
static atomic_uint looks;                       /* at the clock: two or three a turn */
static atomic_uint lines;                       /* of the log, that say that nobody is let in */

int64_t __real_clock_ms(void);
int64_t __wrap_clock_ms(void);
void __wrap_log_write(enum log_level level, const char *fmt, ...);

int64_t __wrap_clock_ms(void)
{
	atomic_fetch_add(&looks, 1);
	return __real_clock_ms() + atomic_load(&forward_ms);
}

void __wrap_log_write(enum log_level level, const char *fmt, ...)
{
	if (level <= LOG_WARN && strstr(fmt, "no more are accepted"))
		atomic_fetch_add(&lines, 1);
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static void one_line_a_minute_while_everybody_knocks(void **state)
{
	struct rig r;
	int fds[2 + MINUTES * KNOCKS], n = 0;
	(void)state;
	rig_init(&r);
	r.settings.max_flows = 2;
	unsigned tcp = rig_listen(&r, TRANSPORT_TCP, "127.0.0.1");
	rig_start(&r, 1);
	struct addr to = rig_addr(&r, tcp);
	fds[n++] = client_tcp(&to);
	fds[n++] = client_tcp(&to);
	for (unsigned minute = 0; minute < MINUTES; minute++) {
		atomic_store(&forward_ms, 60100 * (int64_t)minute);
		for (unsigned i = 0; i < KNOCKS; i++) {
			fds[n++] = client_tcp(&to);     /* each wakes the listener when it has rested, which finds no place */
			sleep_ms(40);
		}
		assert_int_equal(atomic_load(&lines), minute + 1);
	}
	unsigned before = atomic_load(&looks);
	sleep_ms(500);                                  /* ten rests */
	assert_in_range(atomic_load(&looks) - before, 1, 200);
	while (n)
		close(fds[--n]);
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_line_a_minute_while_everybody_knocks) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
