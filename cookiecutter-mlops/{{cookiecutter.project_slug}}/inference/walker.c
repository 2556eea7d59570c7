/* A serving plan, walked: the compiled form of inference/walk.py, which does the same in NumPy and says what it means.
 *
 * Built by `python -m inference.build`. It allocates nothing and keeps nothing: what it reads and writes are the arrays
 * that Python hands over, whose indices inference/plan.py has checked. */
#include <stddef.h>
#include <stdint.h>

enum { VALUE, EQUALS, MISSING }; /* what an encoded column says of its source */

typedef struct {
    double value; /* threshold of a split, or the leaf's number */
    int32_t feature, left, right, missing_left; /* feature < 0: a leaf, whose numbers are row `left` of values */
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

static const Node *leaf(const Node *nodes, const Node *n, const double *x) {
    while (n->feature >= 0) {
        double v = x[n->feature];
        n = nodes + (v <= n->value || (v != v && n->missing_left) ? n->left : n->right);
    }
    return n;
}

/* Trees outside, rows inside: a tree stays in the cache while all rows walk it. */
static void trees(const Plan *p, const double *x, size_t rows, double *out) {
    for (int64_t t = 0; t < p->trees; t++) {
        int32_t to = p->output[t];
        for (size_t r = 0; r < rows; r++) {
            const Node *n = leaf(p->nodes, p->nodes + p->roots[t], x + r * p->width);
            double *o = out + r * p->outputs;
            if (to >= 0) {
                o[to] += n->value;
                if (p->single > 1) /* XGBoost adds in single precision; a sum of two such numbers rounds the same way */
                    o[to] = (double)(float)o[to];
            }
            else
                for (int64_t k = 0; k < p->outputs; k++)
                    o[k] += p->values[(size_t)n->left * p->outputs + k];
        }
    }
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
