/* SPDX-License-Identifier: MIT */
#include "cmd/flowdns/lists.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "libcommon/die.h"
#include "libcommon/nets.h"

static volatile sig_atomic_t hangup;

static void
on_hangup(int sig)
{
	(void)sig;
	hangup = 1;
}

/*
 * Public resolvers, as their operators publish them: Cloudflare, Google,
 * Quad9, OpenDNS, AdGuard, CleanBrowsing, DNS4EU, Mullvad, ControlD, NextDNS,
 * Yandex, AliDNS, DNSPod, Level3, Verisign.
 */
static const char *const public_resolvers[] = { "1.1.1.1", "1.0.0.1", "1.1.1.2",
	"1.0.0.2", "1.1.1.3", "1.0.0.3", "104.16.248.249", "104.16.249.249",
	"2606:4700:4700::1111", "2606:4700:4700::1001", "2606:4700:4700::1112",
	"2606:4700:4700::1002", "2606:4700:4700::1113", "2606:4700:4700::1003",
	"8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844",
	"9.9.9.9", "149.112.112.112", "9.9.9.10", "149.112.112.10", "9.9.9.11",
	"149.112.112.11", "2620:fe::fe", "2620:fe::9", "2620:fe::10",
	"2620:fe::fe:10", "2620:fe::11", "2620:fe::fe:11", "208.67.222.222",
	"208.67.220.220", "208.67.222.123", "208.67.220.123", "2620:119:35::35",
	"2620:119:53::53", "94.140.14.14", "94.140.15.15", "94.140.14.140",
	"94.140.14.141", "2a10:50c0::ad1:ff", "2a10:50c0::ad2:ff",
	"185.228.168.9", "185.228.169.9", "185.228.168.168", "2a0d:2a00:1::2",
	"86.54.11.1", "86.54.11.201", "86.54.11.13", "86.54.11.12",
	"86.54.11.100", "194.242.2.2", "194.242.2.3", "76.76.2.0", "76.76.10.0",
	"45.90.28.0", "45.90.30.0", "77.88.8.8", "77.88.8.1", "223.5.5.5",
	"223.6.6.6", "2400:3200::1", "2400:3200:baba::1", "119.29.29.29",
	"1.12.12.12", "4.2.2.1", "4.2.2.2", "64.6.64.6", "64.6.65.6" };

static struct set *
read_resolvers(struct lists *l, const char *file)
{
	enum { N = sizeof public_resolvers / sizeof *public_resolvers };
	struct value_reading how = { NULL, &l->scratch };
	struct set *s = set_new(FIELD_IP, 0);
	unsigned line = 0;
	const char *err = file ? set_add_file(s, file, &how, &line) : NULL;

	if (err && !line)
		die("--resolvers %s: %s", file, err);
	if (err)
		die("--resolvers %s:%u: %s", file, line, err);
	for (size_t i = 0; !file && i < N; i++)
		if (set_add(s, slice_str(public_resolvers[i]), &how))
			abort();
	set_seal(s);
	return s;
}

static struct namelist *
read_names(const char *option, const char *file, bool again)
{
	struct namelist *l = file ? namelist_read(file) : NULL;
	size_t bad, line;

	if (!l && file && !again)
		die_errno("%s %s", option, file);
	if (!l && file)
		warn_errno("%s %s: not read anew", option, file);
	if (l && (bad = namelist_bad(l, &line)) > 0)
		warn("%s %s:%zu: no name; %zu of its names %s none", option,
		    file, line, bad, bad > 1 ? "are" : "is");
	return l;
}

static void
replace(struct namelist **l, const char *option, const char *file)
{
	struct namelist *fresh = read_names(option, file, true);
	size_t line;

	if (!fresh)
		return;
	/* Something else, as a page with an error that was downloaded. */
	if (!namelist_count(fresh) && namelist_bad(fresh, &line)) {
		warn("%s %s: not read anew: no name in it", option, file);
		namelist_free(fresh);
		return;
	}
	namelist_free(*l);
	*l = fresh;
}

bool
lists_reload(struct lists *l)
{
	if (!hangup)
		return false;
	hangup = 0;
	replace(&l->black, "--blacklist", l->opts.blacklist);
	replace(&l->white, "--whitelist", l->opts.whitelist);
	return true;
}

void
lists_open(struct lists *l, const struct lists_opts *opts)
{
	struct sigaction sa = { .sa_handler = on_hangup,
		.sa_flags = SA_RESTART };

	*l = (struct lists){ .opts = *opts };
	if (opts->local)
		l->local = nets_read(opts->local, "-L");
	l->resolvers = read_resolvers(l, opts->resolvers);
	l->white = read_names("--whitelist", opts->whitelist, false);
	l->black = read_names("--blacklist", opts->blacklist, false);
	if (l->white || l->black)
		sigaction(SIGHUP, &sa, NULL);
}
