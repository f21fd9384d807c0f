/* SPDX-License-Identifier: MIT */
/*
 * expr_tree: what the parts of the expression compiler share: tokens, tree,
 * functions.  Private to expr_*.c.
 */
#ifndef EXPR_TREE_H
#define EXPR_TREE_H

#include <setjmp.h>

#include "libcommon/die.h"
#include "libcommon/expr_context.h"
#include "libcommon/expr_set.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_NUMBER, /* with its unit */
	TOKEN_TIME,
	TOKEN_ADDRESS, /* or prefix */
	TOKEN_STRING,  /* text without its quotes */
	TOKEN_MEMBER,  /* .name or ."name": text without dot and quotes */
	TOKEN_PUNCT,
};

struct token {
	enum token_kind kind;
	struct slice text;
	const char *at; /* where it begins in the source */
};

enum node_kind {
	NODE_CONST,
	NODE_WORD, /* a bare word whose meaning its neighbour decides */
	NODE_FIELD,
	NODE_CELL,
	NODE_ARITH, /* op: + - * / % & | ^ l(<<) r(>>) */
	NODE_CALL,
	NODE_IF,
	NODE_MAP,
	NODE_CHOOSE, /* a: which of the list b */
	NODE_ANY,    /* any(a, ..), all(a, ..): of a comparison */
	NODE_ALL,
	NODE_TRUE,
	NODE_COMPARE, /* op: enum compare */
	NODE_IN,      /* op NE: known, and not in */
	NODE_BITS,    /* a & mask == bits */
	NODE_MATCH,
	NODE_UNDER,
	NODE_EXISTS,
	NODE_AND,
	NODE_OR,
	NODE_NOT,
};

enum compare { EQ, NE, LT, LE, GT, GE };

/* What a function gives, as far as a bare word next to it must know. */
enum gives { GIVES_NUMBER, GIVES_TEXT, GIVES_ARGUMENT };

struct function {
	const char *name;
	unsigned min, max;
	/* NULL, or a message at compile time about constant arguments. */
	void (*call)(struct value *args, unsigned n, struct value *out,
	    struct arena *scratch);
	const char *help;
	enum gives gives;
};

/* Not for users: the name of a host as such names are compared. */
extern const struct function fold_host;

extern const struct function functions[]; /* ends with {} */

struct node {
	enum node_kind kind;
	int op;
	const char *at;
	struct node *a, *b, *c;    /* operands */
	struct node *next;         /* in a list of arguments */
	struct value v;            /* NODE_CONST; map's key */
	struct slice text;         /* NODE_WORD, field's name */
	struct slice word;         /* as written: a field, or "bps" */
	const struct field *field; /* canonical, or NULL */
	int slot;                  /* or cell */
	unsigned mask, bits;
	struct set *set;
	void *regex;
	const struct function *fn;
	unsigned n_args;
};

struct parser {
	const char *text, *p;
	struct token t; /* the next one */
	const struct expr_context *context;
	struct arena *arena;
	struct expr_error *error;
	int depth;
	jmp_buf failed;
};

_Noreturn void parse_fail(
    struct parser *p, const char *at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* expr_lex: the token at p->p becomes p->t. */
void lex_next(struct parser *p);

/* The token at hand taken anew as a run up to a blank or one of ",])(". */
struct slice lex_raw(struct parser *p);
bool lex_is(const struct parser *p, const char *word_or_punct);
bool lex_take(struct parser *p, const char *word_or_punct);

void lex_expect(struct parser *p, const char *punct);

/* expr_operand: fields, constants, calls, brackets */
struct node *parse_node(struct parser *p, enum node_kind kind);
struct node *parse_pair(
    struct parser *p, enum node_kind kind, struct node *a, struct node *b);
struct node *parse_field(struct parser *p, struct slice name, const char *at);
struct node *parse_call(
    struct parser *p, const struct function *fn, struct node *args, unsigned n);

struct node *parse_primary(struct parser *p);

/* A word without a meaning of its own is a member; not if it looks mistyped. */
struct node *parse_as_operand(struct parser *p, struct node *n);

/* One more level of brackets or "not" (1), or one less (-1). */
void parse_deeper(struct parser *p, int step);

/* expr_beside: what a word or a constant means next to a field */
struct node *parse_beside(
    struct parser *p, const struct node *field, struct node *n);

/* Words of the language are the same in any case. */
struct slice parse_lowered(struct parser *p, struct slice s);

/* The port of a service, where the field is a port. */
bool parse_service(
    struct parser *p, const struct field *f, struct slice name, unsigned *port);

/* A field with names of hosts; those of any() and all(), or it, folded. */
bool parse_is_host(const struct node *n);
struct node *parse_folded(struct parser *p, struct node *n);

/* expr_parse: operators, tests, lists */
struct node *parse_expression(struct parser *p);
struct node *parse_sum(struct parser *p);
struct node *parse_compare(
    struct parser *p, struct node *a, int op, struct node *b);
void parse_check(struct parser *p, const struct node *n, bool test);
bool parse_operator(struct parser *p, int *op);
struct node *parse_apply(struct parser *p, struct node *a, struct node *test);
struct node *parse_test(struct parser *p, struct node *a);
void parse_list(struct parser *p, struct node *in);

/* expr_phrase: nfdump's primitives; NULL if none begins here. */
struct node *parse_phrase(struct parser *p);

/* The first words of the primitives; NULL behind the last. */
const char *phrase_word(size_t i);

/* expr_arith: what an operator makes of a and b; out may be one of them */
void expr_arith(int op, struct value *a, struct value *b, struct value *out);

/* expr_near: the word that a mistyped one most likely is, or NULL. */
const char *phrase_nearest(struct slice word, expr_names_fn *also);
const char *names_nearest(enum names_set set, struct slice word);
_Noreturn void parse_end_fail(struct parser *p);

_Noreturn void parse_no_column(
    struct parser *p, struct slice name, const char *at);

/* What jq and SQL call unknown; but DNS has a type NULL. */
bool parse_is_null(const struct field *f, struct slice word);

/* Fails at a word of another language, saying what is written here. */
void parse_foreign(struct parser *p, struct slice word, const char *at);

/* Of a sign that is out of place: " (what is written)" or "". */
const char *parse_sign_hint(const struct parser *p);

#endif
