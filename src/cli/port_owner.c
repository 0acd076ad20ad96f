/* SPDX-License-Identifier: Apache-2.0 */
/* port_owner.c - from a port to its socket (/proc/net), from the socket to its process (/proc/PID/fd). */
#include "machine.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The inode of a bound (UDP) or listening (TCP) socket on the port; 0: none. The addresses are not compared: one of them is most
 * often a wildcard. */
static unsigned long socket_of(const char *table, unsigned port, bool stream)
{
	FILE *f = fopen(table, "re");
	if (!f)
		return 0;
	char line[512];
	unsigned long found = 0;
	while (!found && fgets(line, sizeof line, f)) {
		unsigned local, state;
		unsigned long inode;
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*d %lu", &local, &state, &inode) == 3 &&
		    local == port && (!stream || state == 10))
			found = inode;
	}
	fclose(f);
	return found;
}

static bool holds(int pid, unsigned long inode)
{
	char path[64], wanted[64], link[64];
	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
	DIR *d = opendir(path);
	bool found = false;
	for (struct dirent *e; d && !found && (e = readdir(d));) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);
		found = n > 0 && str_eq((struct str){ link, (size_t)n }, str_of(wanted));
	}
	if (d)
		closedir(d);
	return found;
}

static void name_of(int pid, char name[64])
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	FILE *f = fopen(path, "re");
	if (!f || !fgets(name, 64, f))
		snprintf(name, 64, "?");
	name[strcspn(name, "\n")] = '\0';
	if (f)
		fclose(f);
}

bool machine_port_owner(const struct addr *a, bool stream, int *pid, char name[64])
{
	unsigned long inode = socket_of(stream ? "/proc/net/tcp" : "/proc/net/udp", a->port, stream);
	if (!inode)
		inode = socket_of(stream ? "/proc/net/tcp6" : "/proc/net/udp6", a->port, stream);
	DIR *d = inode ? opendir("/proc") : NULL;
	bool found = false;
	for (struct dirent *e; d && !found && (e = readdir(d));) {
		*pid = atoi(e->d_name);
		found = *pid > 0 && holds(*pid, inode);
	}
	if (d)
		closedir(d);
	if (found)
		name_of(*pid, name);
	return found;
}
