/* SPDX-License-Identifier: MIT */
#include "libcommon/unseen.h"

#include "libcommon/die.h"
#include "libcommon/field.h"

static bool
is_end(const struct schema *s, int slot)
{
	const struct field *f = field_named(s->slots[slot]);

	return f && field_is_end(f);
}

static const char *
hint_of(struct slice name)
{
	const struct field *f = field_named(name);

	return f && field_is_endpoint(f) ? "; flowcat --by-endpoint makes such"
					 : "";
}

/* A row may be about one of the addresses, as flowdns's of hosts are. */
static bool
sees_end(const struct schema *s, const bool *seen)
{
	for (size_t i = 0; i < s->n_asked; i++)
		if (seen[s->asked[i]] && is_end(s, s->asked[i]))
			return true;
	return false;
}

void
unseen_tell(const struct schema *schema, const bool *seen)
{
	bool ours = sees_end(schema, seen);

	for (size_t i = 0; i < schema->n_asked; i++) {
		int slot = schema->asked[i];
		struct slice name = schema->slots[slot];
		bool end = is_end(schema, slot);

		if (!seen[slot] && !(end && ours))
			warn("no record has '%.*s'%s", (int)name.n, name.p,
			    end ? "; flowcat converts other formats"
				: hint_of(name));
	}
}
