/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts file (hosts(5)), read whole and kept; looked at again when it has changed. It is local, small
 * and in the page cache, so reading it on a worker costs microseconds, at most every few seconds. */
#include "resolver_private.h"
#include "log.h"
#include "mem.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS   5000
#define FILE_MAX  (1 << 20)
#define ADDRS_MAX 16                    /* of one name and family */

struct host {
	struct map_node node;
	struct addr addr;
	struct str name;
};

struct hosts {
	char *path;                     /* NULL: none */
	int64_t look_at_ms;
	struct timespec changed;
	off_t size;
	struct map map;
	struct hash_key key;
};

static bool host_free(void *user, struct map_node *node)
{
	struct hosts *h = user;
	map_remove(&h->map, node);
	mem_free(CONTAINER(node, struct host, node));
	return true;
}

static void host_add(struct hosts *h, const struct addr *addr, struct str name)
{
	struct host *host = mem_zalloc(sizeof *host + name.n);
	host->addr = *addr;
	host->name = (struct str){ (char *)(host + 1), name.n };
	memcpy(host + 1, name.p, name.n);
	map_insert(&h->map, &host->node, hash_istr(h->key, name));
}

static bool word(struct str *rest, struct str *out)
{
	while (rest->n && (*rest->p == ' ' || *rest->p == '\t' || *rest->p == '\r')) {
		rest->p++;
		rest->n--;
	}
	size_t n = 0;
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t' && rest->p[n] != '\r')
		n++;
	*out = (struct str){ rest->p, n };
	rest->p += n;
	rest->n -= n;
	return n > 0;
}

static void line_read(struct hosts *h, struct str line)
{
	struct str before, text;
	struct addr addr;
	if (str_cut(&line, '#', &before))
		line = before;
	if (!word(&line, &text) || !addr_parse_ip(text, &addr))
		return;
	while (word(&line, &text))
		if (dns_name_ok(text))
			host_add(h, &addr, text);
}

static void file_read(struct hosts *h, int fd, size_t size)
{
	char *bytes = mem_alloc(size + 1);
	size_t have = 0;
	ssize_t n;
	while (have < size && ((n = read(fd, bytes + have, size - have)) > 0 || (n < 0 && errno == EINTR)))
		have += n > 0 ? (size_t)n : 0;

	struct str rest = { bytes, have }, line;
	while (str_cut(&rest, '\n', &line))
		line_read(h, line);
	line_read(h, rest);
	mem_free(bytes);
}

static void look(struct hosts *h)
{
	struct stat st;
	int fd = open(h->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
		bool same = st.st_mtim.tv_sec == h->changed.tv_sec && st.st_mtim.tv_nsec == h->changed.tv_nsec && st.st_size == h->size;
		if (!same) {
			map_each(&h->map, host_free, h);
			h->changed = st.st_mtim;
			h->size = st.st_size;
			if (st.st_size > FILE_MAX)
				log_write(LOG_WARN, "resolver: %s is larger than %d bytes; names beyond that are not seen", h->path, FILE_MAX);
			file_read(h, fd, st.st_size > FILE_MAX ? FILE_MAX : (size_t)st.st_size);
		}
	}
	if (fd >= 0)
		close(fd);
}

struct hosts *hosts_new(struct str path)
{
	struct hosts *h = mem_zalloc(sizeof *h);
	map_init(&h->map);
	h->key = hash_key_new();
	h->size = -1;
	h->look_at_ms = INT64_MIN;
	if (path.n) {
		h->path = mem_zalloc(path.n + 1);
		memcpy(h->path, path.p, path.n);
	}
	return h;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	map_each(&h->map, host_free, h);
	map_fini(&h->map);
	mem_free(h->path);
	mem_free(h);
}

/* localhost and what ends in it is this machine, whatever any server says. RFC 6761 §6.3 */
static unsigned localhost(struct str name, enum dns_type type, struct addr *out)
{
	struct str tail = name.n > 9 ? (struct str){ name.p + name.n - 10, 10 } : STR("");
	if (!str_ieq(name, STR("localhost")) && !str_ieq(tail, STR(".localhost")))
		return 0;
	addr_parse_ip(type == DNS_A ? STR("127.0.0.1") : STR("::1"), out);
	return 1;
}

bool hosts_find(struct hosts *h, struct str name, enum dns_type type, int64_t now_ms, struct dns_answer **out)
{
	struct addr addrs[ADDRS_MAX];
	unsigned count = 0;
	bool known = false;
	if (h->path && now_ms >= h->look_at_ms) {
		look(h);
		h->look_at_ms = now_ms + LOOK_MS;
	}
	for (struct map_node *n = map_first(&h->map, hash_istr(h->key, name)); n; n = map_again(&h->map, n)) {
		struct host *host = CONTAINER(n, struct host, node);
		if (!str_ieq(host->name, name))
			continue;
		known = true;
		if (host->addr.family == (type == DNS_A ? AF_INET : AF_INET6) && count < ADDRS_MAX)
			addrs[count++] = host->addr;
	}
	if (!known) {
		count = localhost(name, type, addrs);
		known = count > 0;
	}
	if (known && out)
		*out = dns_answer_of(addrs, count);
	return known;
}
