/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - a line is made by its caller, queued, and written by a thread of its own.
 *
 * The queue is one flat buffer: writers append whole lines under a lock held for a copy, the thread
 * swaps it for an empty one and writes outside the lock. The thread writes only what standard error
 * takes at once (poll first, then no more than a pipe surely has room for), so that log_stop never
 * hangs on a reader that has stopped reading. One process has one log; its state is this file's. */
#include "log.h"
#include "clock.h"
#include "thread.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1000
#define QUEUE_BYTES    (256 * 1024)
#define PATIENCE_MS    1000     /* how long log_stop lets a reader be slow */

struct queue {
	char *bytes;
	size_t n;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	pthread_t thread;
	struct queue in, out;           /* writers append to `in`; `out` is the thread's */
	uint64_t dropped;
	bool running, stopping;
	_Atomic int level;
} self = { .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER, .level = LOG_INFO };

/* --- a line --- */

/* "2026-01-31T12:00:00.123Z WARN  " */
static size_t write_prefix(char *out, size_t cap, enum log_level level)
{
	static const char *const names[] = { "ERROR", "WARN ", "INFO ", "DEBUG" };
	int64_t now_ms = clock_wall_ms();
	time_t now_s = (time_t)(now_ms / 1000);
	struct tm t;
	gmtime_r(&now_s, &t);
	int n = snprintf(out, cap, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s ", t.tm_year + 1900, t.tm_mon + 1,
	                 t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(now_ms % 1000), names[level]);
	return (size_t)n;
}

/* Bytes that a terminal might obey: C0, DEL, and C1, be it as UTF-8 spells it (0xc2 0x80-0x9f) or bare. */
static bool is_control(unsigned char before, unsigned char c, unsigned char next)
{
	bool c1 = c >= 0x80 && c <= 0x9f && (before < 0x80 || before == 0xc2);
	return c < 0x20 || c == 0x7f || c1 || (c == 0xc2 && next >= 0x80 && next <= 0x9f);
}

/* Append the text, controls shown as \xHH; what does not fit is left out, but never half an escape. */
static size_t write_escaped(char *out, size_t cap, const char *text)
{
	size_t n = 0;
	unsigned char before = 0;
	for (const unsigned char *p = (const unsigned char *)text; *p && n < cap; before = *p++) {
		if (!is_control(before, *p, p[1])) {
			out[n++] = (char)*p;
			continue;
		}
		if (cap - n < 4)
			break;
		static const char digits[] = "0123456789abcdef";
		memcpy(out + n, (char[]){ '\\', 'x', digits[*p >> 4], digits[*p & 15] }, 4);
		n += 4;
	}
	return n;
}

static size_t make_line(char out[LINE_MAX_BYTES + 1], enum log_level level, const char *text)
{
	size_t n = write_prefix(out, LINE_MAX_BYTES, level);
	n += write_escaped(out + n, LINE_MAX_BYTES - n, text);
	out[n++] = '\n';
	return n;
}

/* --- standard error --- */

/* True when fd 2 takes a little without blocking. Regular files always do. */
static bool can_write(int wait_ms)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	return poll(&p, 1, wait_ms) == 1 && (p.revents & (POLLOUT | POLLERR | POLLHUP | POLLNVAL));
}

/* Write as much as goes without blocking; the bytes gone. An output that is broken for good swallows
 * everything: there is nobody left to tell. */
static size_t write_some(const char *p, size_t n)
{
	ssize_t sent = write(STDERR_FILENO, p, n < 4096 ? n : 4096);
	if (sent >= 0)
		return (size_t)sent;
	return errno == EINTR || errno == EAGAIN ? 0 : n;
}

static void write_at_once(const char *p, size_t n)
{
	while (n) {
		size_t sent = write_some(p, n);
		if (sent == 0 && !can_write(PATIENCE_MS))
			return;
		p += sent;
		n -= sent;
	}
}

/* --- the thread --- */

static bool is_stopping(void)
{
	pthread_mutex_lock(&self.lock);
	bool stopping = self.stopping;
	pthread_mutex_unlock(&self.lock);
	return stopping;
}

/* Write a batch; false when the log stops and the reader has been stuck for PATIENCE_MS. */
static bool write_batch(const char *p, size_t n)
{
	int64_t moved_ms = clock_ms();
	while (n) {
		if (!can_write(100)) {
			if (is_stopping() && clock_ms() - moved_ms > PATIENCE_MS)
				return false;
			continue;
		}
		size_t sent = write_some(p, n);
		p += sent;
		n -= sent;
		if (sent)
			moved_ms = clock_ms();
	}
	return true;
}

static bool write_dropped(uint64_t dropped)
{
	char text[80], line[LINE_MAX_BYTES + 1];
	snprintf(text, sizeof text, "log: %llu lines dropped, its reader is too slow", (unsigned long long)dropped);
	return write_batch(line, make_line(line, LOG_WARN, text));
}

static void *empty_queue(void *unused)
{
	(void)unused;
	bool heard = true;
	pthread_mutex_lock(&self.lock);
	while (heard) {
		while (self.in.n == 0 && !self.stopping)
			pthread_cond_wait(&self.filled, &self.lock);
		if (self.in.n == 0)
			break;
		struct queue batch = self.in;
		self.in = self.out;
		self.in.n = 0;
		self.out = batch;
		uint64_t dropped = self.dropped;
		self.dropped = 0;
		pthread_mutex_unlock(&self.lock);

		heard = write_batch(batch.bytes, batch.n) && (!dropped || write_dropped(dropped));
		pthread_mutex_lock(&self.lock);
	}
	pthread_mutex_unlock(&self.lock);
	return NULL;
}

static void free_queues(void)
{
	free(self.in.bytes);
	free(self.out.bytes);
	self.in = self.out = (struct queue){ 0 };
}

int log_start(enum log_level level)
{
	log_set_level(level);
	self.in.bytes = malloc(QUEUE_BYTES);
	self.out.bytes = malloc(QUEUE_BYTES);
	int err = self.in.bytes && self.out.bytes ? thread_start(&self.thread, empty_queue, NULL) : -ENOMEM;
	if (err) {
		free_queues();
		return err;
	}
	pthread_mutex_lock(&self.lock);
	self.running = true;
	pthread_mutex_unlock(&self.lock);
	return 0;
}

void log_stop(void)
{
	pthread_mutex_lock(&self.lock);
	bool was_running = self.running;
	self.running = false;                   /* from here on lines are written at once */
	self.stopping = was_running;
	pthread_cond_signal(&self.filled);
	pthread_mutex_unlock(&self.lock);
	if (!was_running)
		return;
	pthread_join(self.thread, NULL);
	self.stopping = false;
	free_queues();
}

/* --- callers --- */

void log_set_level(enum log_level level)
{
	self.level = (int)level;
}

bool log_enabled(enum log_level level)
{
	return (int)level <= self.level;
}

/* False when the log is not running and the caller has to write by itself. */
static bool enqueue(const char *line, size_t n)
{
	pthread_mutex_lock(&self.lock);
	bool running = self.running;
	if (running && n > QUEUE_BYTES - self.in.n) {
		self.dropped++;
	} else if (running) {
		bool was_empty = self.in.n == 0;
		memcpy(self.in.bytes + self.in.n, line, n);
		self.in.n += n;
		if (was_empty)
			pthread_cond_signal(&self.filled);
	}
	pthread_mutex_unlock(&self.lock);
	return running;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES + 1], line[LINE_MAX_BYTES + 1];
	if (!log_enabled(level))
		return;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	size_t n = make_line(line, level, text);
	if (!enqueue(line, n))
		write_at_once(line, n);
}

bool log_allowed(struct log_limit *at, int64_t period_ms, uint64_t *left_out)
{
	int64_t now = clock_ms(), next = at->next_ms;
	if (now < next || !atomic_compare_exchange_strong(&at->next_ms, &next, now + period_ms)) {
		at->left_out++;
		return false;
	}
	*left_out = atomic_exchange(&at->left_out, 0);
	return true;
}
