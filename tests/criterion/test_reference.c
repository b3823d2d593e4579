/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers of a plain serial implementation of every criterion in another language (dense arrays,
   refits from scratch; the derivatives of refits by differences), on data that a formula makes. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "support.h"

enum { N = 36, P = 5, GROUPS = 3 };

typedef struct reference {
    const char *loss, *penalty, *criterion;
    double value, gradient[GROUPS], hessian[GROUPS * GROUPS]; /* hessian 0: not known */
} reference_t;

/* lambda = exp(theta) of three groups; lambda, q = 1 + exp(theta) of one. */
static const double theta_ridge[] = {0.3, -0.5, 1.0};
static const double theta_bridge[] = {0.2, -0.51082562376599072}; /* log 0.6 */

static const reference_t references[] = {
    {"squared",
     "ridge",
     "alo",
     0.4051478711911,
     {-0.0005822170954708, -0.0009637147896297, -0.0007575013041001},
     {-0.0002618162433525, -3.422989140009e-05, -1.863887043085e-05, -3.422989140009e-05,
      -0.0007405441970572, 5.524395903429e-05, -1.863887043085e-05, 5.524395903429e-05,
      0.0002425411658155}},
    {"squared",
     "ridge",
     "loo",
     0.4051478711911,
     {-0.0005822170954471, -0.0009637147896507, -0.0007575013041318}},
    {"squared",
     "ridge",
     "kfold",
     0.4512986461741,
     {0.002263424263182, -0.002385941783446, 0.0003101926366554}},
    {"squared",
     "ridge",
     "holdout",
     0.4249880138435,
     {-0.02002176336361, -0.02118225038937, -0.006998366199847}},
    {"squared",
     "bridge",
     "alo",
     0.4071763530409,
     {-0.0004909026176034, -0.004784564152125},
     {0.0008282797741708, -0.004876635480643, -0.004876635480643, -9.610690531367e-05}},
    {"squared", "bridge", "loo", 0.4070906418136, {-0.0005937990519659, -0.004666017939285}},
    {"squared", "bridge", "kfold", 0.4528433588872, {0.001533182267898, -0.007679453992021}},
    {"squared", "bridge", "holdout", 0.407758796946, {-0.06728755817032, 0.0248742700536}},
    {"logistic",
     "ridge",
     "alo",
     0.6321756163565,
     {-0.008079754708472, -0.008974269374601, -0.00478326338802},
     {-0.001259575970556, 0.00026879930149, 6.546491584659e-05, 0.00026879930149, 0.002501535858686,
      -0.0003431436518555, 6.546491584659e-05, -0.0003431436518555, 0.001181131850635}},
    {"logistic",
     "ridge",
     "loo",
     0.6387691001284,
     {-0.009073468411354, -0.01137135517276, -0.005351104206464}},
    {"logistic",
     "ridge",
     "kfold",
     0.7661125111826,
     {-0.006492968965978, -0.06067605081107, -0.004820778448868}},
    {"logistic",
     "ridge",
     "holdout",
     0.6768521644122,
     {0.002187469605499, -0.1768417620913, -0.006133337296802}},
    {"logistic",
     "bridge",
     "alo",
     0.6388606595061,
     {-0.01844918233873, -0.01439620076157},
     {0.004685707902853, 0.002251891808926, 0.002251891808926, 0.002687430054985}},
    {"logistic", "bridge", "loo", 0.6424854833559, {-0.0231603277781, -0.009032585380625}},
    {"logistic", "bridge", "kfold", 0.7693725869701, {-0.07260321917429, -0.06660150162442}},
    {"logistic", "bridge", "holdout", 0.644199453438, {-0.1906914700839, -0.09428482440478}},
    {"poisson",
     "ridge",
     "alo",
     0.4718302232316,
     {-0.0004188875081493, -0.001099448316877, -0.003197044872673},
     {-0.0003050592731987, -5.88123516368e-06, 5.542725270423e-05, -5.88123516368e-06,
      -0.0008358537883126, 5.343211122302e-06, 5.542725270423e-05, 5.343211122302e-06,
      -0.00188000993311}},
    {"poisson",
     "ridge",
     "loo",
     0.4727235089341,
     {-0.0004104166917429, -0.001004154102739, -0.003065084449809}},
    {"poisson",
     "ridge",
     "kfold",
     0.4448523554204,
     {-0.0003207843022, -0.001982994354185, 0.002124777804785}},
    {"poisson",
     "ridge",
     "holdout",
     0.241359147405,
     {-0.03319290291542, -0.002026409019927, 0.01314634726366}},
    {"poisson",
     "bridge",
     "alo",
     0.4735349341762,
     {-0.003244051240911, -0.002103759255195},
     {-0.001767100092627, -0.002125154297061, -0.002125154297061, 0.002099057959558}},
    {"poisson", "bridge", "loo", 0.4744324638678, {-0.003017475995774, -0.002087154409261}},
    {"poisson", "bridge", "kfold", 0.4435351437268, {-0.001074836377152, -0.003413112540739}},
    {"poisson", "bridge", "holdout", 0.2299706792129, {-0.02668727588413, 0.00672962865707}},
};

static double target(const char *loss, double eta, double noise)
{
    if (strcmp(loss, "logistic") == 0)
        return eta + noise > 0.0 ? 1.0 : -1.0;
    if (strcmp(loss, "poisson") == 0)
        return floor(exp(eta + 0.5 * noise) + 0.5);
    return eta + noise;
}

/* Row i is in part i mod 3: for hold-out 0 trains, 1 validates, 2 is unused. */
static data_t *make_data(const char *loss)
{
    double X[N * P], y[N], w[N], o[N];
    data_t *data = NULL;
    data_options_t options = {.intercept = true};
    data_arrays_t arrays = {.n = N, .p = P, .X = X, .y = y, .weights = w, .offset = o};
    for (int i = 0; i < N; i++) {
        double *x = X + i * P;
        for (int j = 0; j < P; j++)
            x[j] = sin(1.0 + 3.0 * i + 7.0 * j + 1.0 * i * j);
        y[i] = target(loss, 0.3 + 0.9 * x[0] - 0.7 * x[2] + 0.4 * x[4], 1.5 * cos(5.0 * i));
        w[i] = 1.0 + 0.5 * sin(i);
        o[i] = 0.2 * cos(2.0 * i);
    }
    if (!CHECK_OK(data_from_arrays(test_comm, &arrays, &options, &data)) ||
        !CHECK_OK(mem_alloc(data->rows, sizeof(int), &data->fold)))
        return data;
    for (int64_t i = 0; i < data->rows; i++)
        data->fold[i] = (int)((data->first + i) % 3);
    return data;
}

static double largest(const double *x, int count)
{
    double most = 0.0;
    for (int i = 0; i < count; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

static void compare(const reference_t *wanted, const fixture_numbers_t *found)
{
    int count = found->count;
    double slope = largest(wanted->gradient, count);
    double bend = largest(wanted->hessian, count * count);
    CHECK_CLOSE(found->value / wanted->value, 1.0, 1e-11);
    for (int s = 0; s < count; s++)
        CHECK_CLOSE(found->gradient[s] / slope, wanted->gradient[s] / slope, 1e-9);
    for (int s = 0; bend > 0.0 && s < count * count; s++)
        CHECK_CLOSE(found->hessian[s] / bend, wanted->hessian[s] / bend, 1e-10);
}

static void check(const reference_t *wanted)
{
    bool bridge = strcmp(wanted->penalty, "bridge") == 0;
    fixture_setup_t setup = {.loss = wanted->loss,
                             .penalty = wanted->penalty,
                             .criterion = wanted->criterion,
                             .groups = bridge ? 1 : GROUPS,
                             .free_column = true};
    fixture_t f;
    fixture_numbers_t found;
    if (fixture_wrap(make_data(wanted->loss), &setup, &f) &&
        fixture_evaluate(&f, bridge ? theta_bridge : theta_ridge, 2, &found))
        compare(wanted, &found);
    fixture_free(&f);
}

static void criteria_agree_with_the_reference(void)
{
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        check(&references[i]);
}

void suite_reference(void)
{
    static const test_case_t cases[] = {
        {"criteria agree with the reference", criteria_agree_with_the_reference},
    };
    REGISTER("reference", cases);
}
