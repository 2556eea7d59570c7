/* A serving plan, walked: the compiled form of inference/walk.py, which does the same in NumPy and says what it means.
 *
 * Built by `python -m inference.build`. It allocates nothing and keeps nothing: what it reads and writes are the arrays
 * that Python hands over, whose indices inference/plan.py has checked. */
#include <stddef.h>
#include <stdint.h>

enum { VALUE, EQUALS, MISSING }; /* what an encoded column says of its source */

enum { LANES = 8 }; /* walks side by side */

typedef struct {
    double value; /* threshold of a split, or the leaf's number */
    int32_t feature, left, right; /* a leaf leads to itself, whichever way is taken */
    int32_t missing_left; /* 0 or 1; of a leaf: its row of values */
} Node;

typedef struct {
    int64_t sources, width, trees, outputs, single;
    const int32_t *source, *kind;
    const double *equals, *fill, *offset, *scale;
    const Node *nodes;
    const int32_t *roots, *output; /* output < 0: a leaf has a number for every output */
    const double *values, *coefficients, *base;
} Plan;

static double encoded(const Plan *p, const double *row, int64_t j) {
    double v = row[p->source[j]];
    if (p->kind[j] == EQUALS)
        v = v == p->equals[j];
    else if (p->kind[j] == MISSING)
        v = v != v;
    else if (v != v)
        return p->fill[j];
    return (v - p->offset[j]) / p->scale[j];
}

void plan_encode(const Plan *p, const double *raw, size_t rows, double *x) {
    for (size_t r = 0; r < rows; r++, raw += p->sources, x += p->width)
        for (int64_t j = 0; j < p->width; j++) {
            double v = encoded(p, raw, j);
            x[j] = p->single ? (double)(float)v : v; /* forests of scikit-learn and XGBoost compare in single precision */
        }
}

static inline int32_t step(const Node *nodes, int32_t at, const double *x) {
    const Node *n = nodes + at;
    double v = x[n->feature];
    int32_t left = (v <= n->value) | ((v != v) & n->missing_left);
    return n->right ^ ((n->left ^ n->right) & -left); /* a choice without a branch, which nobody could predict */
}

/* A walk waits for memory at each step; so several walk at once, until none of them moves any more. */
static void walk(const Node *nodes, const double *const *x, int32_t *at) {
    for (int32_t moved = 1; moved;) {
        moved = 0;
        for (int l = 0; l < LANES; l++) {
            int32_t next = step(nodes, at[l], x[l]);
            moved |= next ^ at[l];
            at[l] = next;
        }
    }
}

static void add(const Plan *p, int64_t tree, const Node *leaf, double *out) {
    int32_t to = p->output[tree];
    if (to < 0)
        for (int64_t k = 0; k < p->outputs; k++)
            out[k] += p->values[(size_t)leaf->missing_left * p->outputs + k];
    else {
        out[to] += leaf->value;
        if (p->single > 1) /* XGBoost adds in single precision; a sum of two such numbers rounds the same way */
            out[to] = (double)(float)out[to];
    }
}

/* One row walks several trees at once. */
static void trees_of_row(const Plan *p, const double *x, double *out) {
    const double *row[LANES];
    int32_t at[LANES];
    for (int64_t first = 0; first < p->trees; first += LANES) {
        for (int l = 0; l < LANES; l++)
            row[l] = x, at[l] = p->roots[first + l < p->trees ? first + l : p->trees - 1];
        walk(p->nodes, row, at);
        for (int64_t t = first; t < first + LANES && t < p->trees; t++)
            add(p, t, p->nodes + at[t - first], out);
    }
}

/* Several rows walk one tree at once; it stays in the cache meanwhile. */
static void rows_of_tree(const Plan *p, int64_t tree, const double *x, size_t rows, double *out) {
    const double *row[LANES];
    int32_t at[LANES];
    for (size_t first = 0; first < rows; first += LANES) {
        for (int l = 0; l < LANES; l++) {
            size_t r = first + l < rows ? first + l : rows - 1;
            row[l] = x + r * p->width, at[l] = p->roots[tree];
        }
        walk(p->nodes, row, at);
        for (size_t r = first; r < first + LANES && r < rows; r++)
            add(p, tree, p->nodes + at[r - first], out + r * p->outputs);
    }
}

static void trees(const Plan *p, const double *x, size_t rows, double *out) {
    if (rows < LANES)
        for (size_t r = 0; r < rows; r++)
            trees_of_row(p, x + r * p->width, out + r * p->outputs);
    else
        for (int64_t t = 0; t < p->trees; t++)
            rows_of_tree(p, t, x, rows, out);
}

static void line(const Plan *p, const double *x, size_t rows, double *out) {
    for (size_t r = 0; r < rows; r++, x += p->width, out += p->outputs)
        for (int64_t k = 0; k < p->outputs; k++)
            for (int64_t j = 0; j < p->width; j++)
                out[k] += x[j] * p->coefficients[k * p->width + j];
}

void plan_score(const Plan *p, const double *raw, size_t rows, double *x, double *out) {
    plan_encode(p, raw, rows, x);
    for (size_t r = 0; r < rows; r++)
        for (int64_t k = 0; k < p->outputs; k++)
            out[r * p->outputs + k] = p->base[k];
    trees(p, x, rows, out);
    if (p->coefficients)
        line(p, x, rows, out);
}
