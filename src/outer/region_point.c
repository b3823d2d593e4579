/* SPDX-License-Identifier: BSD-3-Clause */
#include "outer/region_search.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

int region_point_create(int count, bool products, region_point_t *point)
{
    int code = TRALO_OK;
    ALLOC(point->theta, count);
    ALLOC(point->gradient, count);
    if (!products)
        ALLOC(point->hessian, (int64_t)count * count);
    ALLOC(point->at_bound, count);
out:
    return code;
}

void region_point_release(region_point_t *point)
{
    mem_free(&point->theta);
    mem_free(&point->gradient);
    mem_free(&point->hessian);
    mem_free(&point->at_bound);
}

void region_point_swap(region_point_t *a, region_point_t *b)
{
    region_point_t keep = *a;
    *a = *b;
    *b = keep;
}

bool region_all_finite(const double *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

bool region_fails(region_search_t *s, const outer_reply_t *reply, int order)
{
    int n = s->box->count;
    const char *why = reply->failure;
    if (why == NULL && !isfinite(reply->f))
        why = "the value is not finite";
    else if (why == NULL && order >= 1 && !region_all_finite(reply->gradient, n))
        why = "the gradient is not finite";
    else if (why == NULL && order >= 2 && !region_all_finite(reply->hessian, (int64_t)n * n))
        why = "the Hessian is not finite";
    if (why != NULL)
        snprintf(s->failure, sizeof s->failure, "%s", why);
    return why != NULL;
}

bool region_read_trial(region_search_t *s, const outer_reply_t *reply)
{
    int n = s->box->count;
    region_point_t *p = &s->trial;
    s->evaluations++;
    if (region_fails(s, reply, s->krylov != NULL ? 1 : 2))
        return false;
    p->f = reply->f;
    memcpy(p->gradient, reply->gradient, (size_t)n * sizeof(double));
    for (int i = 0; i < n; i++) {
        for (int j = 0; s->krylov == NULL && j < n; j++)
            p->hessian[i * n + j] = 0.5 * (reply->hessian[i * n + j] + reply->hessian[j * n + i]);
        p->at_bound[i] = box_at_bound(s->box, p->theta, i);
    }
    p->definite = p->judged = false;
    p->gradient_norm = box_gradient_norm(s->box, p->theta, p->gradient);
    p->known = true;
    s->failure[0] = '\0';
    return true;
}
