/* SPDX-License-Identifier: MIT */
#include "libcommon/nets.h"

#include "libcommon/die.h"
#include "libcommon/opts.h"
#include "libcommon/xalloc.h"

static void
add_file(struct set *s, const char *name, const struct value_reading *how)
{
	unsigned line;
	const char *err = set_add_file(s, name, how, &line);

	if (err && line)
		die("%s:%u: %s", name, line, err);
	if (err)
		die("%s: %s", name, err);
}

struct set *
nets_read(const char *arg, const char *option)
{
	struct set *s = set_new(FIELD_IP, 0);
	const struct value_reading how = { 0 };

	for (const char *p = arg, *end; *p; p = end + (*end == ',')) {
		struct slice one;
		const char *err;

		end = p + strcspn(p, ",");
		one = slice_of(p, (size_t)(end - p));
		if (*p == '@') {
			add_file(s, xstrndup(p + 1, one.n - 1), &how);
			continue;
		}
		err = set_add(s, one, &how);
		if (err)
			opts_usage("%s %.*s: %s", option, (int)one.n, p, err);
	}
	if (!*arg)
		opts_usage("%s: expected networks", option);
	set_seal(s);
	return s;
}
