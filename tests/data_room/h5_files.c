/* SPDX-License-Identifier: BSD-3-Clause */
#include "data_room/h5_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/h5.h"
#include "support.h"

enum { FIXED = 16 };

double file_X(const file_spec_t *spec, int i, int j)
{
    if (spec->sparse && (i + 2 * j) % 3 != 0)
        return 0.0;
    return (i % 997 * (i % 997) + 13 * j + i % 997 * j) % 29 - 14;
}

double file_y(const file_spec_t *spec, int i)
{
    return spec->labels ? (i % 3 == 0 ? 1.0 : -1.0) : (i * 5) % 7;
}

double file_weight(int i)
{
    return i % 4;
}

double file_offset(int i)
{
    return 0.25 * i - 1.0;
}

int file_fold(int i)
{
    return i % 5;
}

int file_group(int j)
{
    return j % 3 - 1;
}

void file_name(int j, char name[16])
{
    snprintf(name, 16, j == 0 ? "größe" : "col %d", j);
}

static hid_t creation(int rank, const hsize_t *dims, int chunk)
{
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk == 0 || dims[0] == 0)
        return list;
    const hsize_t most = (hsize_t)abs(chunk), rows = most < dims[0] ? most : dims[0];
    const hsize_t sizes[2] = {rows, rank < 2 ? 0 : chunk < 0 ? dims[1] : (dims[1] + 1) / 2};
    H5Pset_chunk(list, rank, sizes);
    if (chunk > 0) {
        H5Pset_shuffle(list);
        H5Pset_deflate(list, 4);
    }
    return list;
}

static void write_set(hid_t file, const char *name, hid_t stored, int chunk, int rank,
                      const hsize_t *dims, hid_t type, const void *values)
{
    hid_t list = creation(rank, dims, chunk);
    hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dims, NULL);
    hid_t set = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, list, H5P_DEFAULT);
    CU_ASSERT(set >= 0);
    if (values != NULL)
        CU_ASSERT(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(list);
}

void file_replace(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims,
                  const void *values)
{
    if (H5Lexists(file, name, H5P_DEFAULT) > 0)
        H5Ldelete(file, name, H5P_DEFAULT);
    write_set(file, name, type, 0, rank, dims, type, values);
}

static hid_t string_type(file_strings_t kind)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, kind == STRINGS_FIXED ? FIXED : H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    if (kind == STRINGS_FIXED)
        H5Tset_strpad(type, H5T_STR_NULLPAD);
    return type;
}

/* texts as HDF5 wants them: pointers, or FIXED bytes each. */
static const void *as_stored(file_strings_t kind, int count, const char *const *texts, char *fixed)
{
    for (int i = 0; kind == STRINGS_FIXED && i < count; i++)
        strncpy(fixed + i * FIXED, texts[i], FIXED);
    return kind == STRINGS_FIXED ? (const void *)fixed : (const void *)texts;
}

void file_attribute(hid_t file, const char *object, const char *name, file_strings_t kind,
                    int count, const char *const *texts)
{
    char fixed[4 * FIXED] = {0};
    hsize_t dims[1] = {(hsize_t)count};
    hid_t at = H5Oopen(file, object, H5P_DEFAULT), type = string_type(kind);
    hid_t space = count == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, dims, NULL);
    if (H5Aexists(at, name) > 0)
        H5Adelete(at, name);
    hid_t attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT(H5Awrite(attribute, type, as_stored(kind, count == 0 ? 1 : count, texts, fixed)) >=
              0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
    H5Oclose(at);
}

static void write_names(hid_t file, const file_spec_t *s)
{
    char(*names)[FIXED] = NULL, **texts = NULL, *fixed = NULL;
    hsize_t dims[1] = {(hsize_t)s->p};
    hid_t type = string_type(s->names);
    CHECK_OK(mem_alloc(s->p, sizeof *names, &names));
    CHECK_OK(mem_alloc(s->p, sizeof *texts, &texts));
    CHECK_OK(mem_alloc(s->p, FIXED, &fixed));
    for (int j = 0; j < s->p; j++) {
        file_name(j, names[j]);
        texts[j] = names[j];
    }
    write_set(file, "feature_names", type, 0, 1, dims, type,
              as_stored(s->names, s->p, (const char *const *)texts, fixed));
    H5Tclose(type);
    mem_free(&names);
    mem_free(&texts);
    mem_free(&fixed);
}

static void write_dense(hid_t file, const file_spec_t *s)
{
    double *X = NULL;
    hsize_t dims[2] = {(hsize_t)s->n, (hsize_t)s->p};
    CHECK_OK(mem_alloc((int64_t)s->n * s->p, sizeof *X, &X));
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < s->p; j++)
            X[i * s->p + j] = file_X(s, s->first + i, j);
    write_set(file, "X", s->X, s->chunk, 2, dims, H5T_NATIVE_DOUBLE, X);
    mem_free(&X);
}

static void write_shape(hid_t group, const file_spec_t *s)
{
    const hsize_t two[1] = {2};
    const int64_t shape[2] = {s->n, s->p};
    hid_t space = H5Screate_simple(1, two, NULL);
    hid_t attribute = H5Acreate2(group, "shape", H5T_NATIVE_INT64, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_INT64, shape);
    H5Aclose(attribute);
    H5Sclose(space);
}

static void write_sparse(hid_t file, const file_spec_t *s)
{
    double *values = NULL;
    int *columns = NULL, *starts = NULL;
    const char *encoding = "csr_matrix";
    hsize_t entries[1] = {0}, rows[1] = {(hsize_t)s->n + 1};
    CHECK_OK(mem_alloc((int64_t)s->n * s->p, sizeof *values, &values));
    CHECK_OK(mem_alloc((int64_t)s->n * s->p, sizeof *columns, &columns));
    CHECK_OK(mem_alloc(s->n + 1, sizeof *starts, &starts));
    for (int i = 0; i < s->n; i++) {
        for (int j = s->p - 1; j >= 0; j--)
            if ((s->first + i + 2 * j) % 3 == 0) {
                values[entries[0]] = file_X(s, s->first + i, j);
                columns[entries[0]++] = j;
            }
        starts[i + 1] = (int)entries[0];
    }
    hid_t group = H5Gcreate2(file, "X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    write_shape(group, s);
    file_attribute(file, "X", "encoding-type", s->names, 0, &encoding);
    write_set(group, "data", s->X, s->chunk, 1, entries, H5T_NATIVE_DOUBLE, values);
    write_set(group, "indices", s->whole, s->chunk, 1, entries, H5T_NATIVE_INT, columns);
    write_set(group, "indptr", s->whole, s->chunk, 1, rows, H5T_NATIVE_INT, starts);
    H5Gclose(group);
    mem_free(&values);
    mem_free(&columns);
    mem_free(&starts);
}

static void write_y(hid_t file, const file_spec_t *s)
{
    static const char *const labels[] = {"gut", "böse"}, *const target = "diagnosis";
    double *y = NULL;
    hsize_t dims[1] = {(hsize_t)s->n};
    CHECK_OK(mem_alloc(s->n, sizeof *y, &y));
    for (int i = 0; i < s->n; i++)
        y[i] = file_y(s, s->first + i);
    write_set(file, "y", s->y, s->chunk, 1, dims, H5T_NATIVE_DOUBLE, y);
    if (s->labels) {
        file_attribute(file, "y", "labels", s->names, 2, labels);
        file_attribute(file, "y", "name", s->names, 0, &target);
    }
    mem_free(&y);
}

static void write_vectors(hid_t file, const file_spec_t *s)
{
    double *reals = NULL;
    int *whole = NULL;
    hsize_t n[1] = {(hsize_t)s->n}, p[1] = {(hsize_t)s->p};
    CHECK_OK(mem_alloc(2 * (int64_t)s->n, sizeof *reals, &reals));
    CHECK_OK(mem_alloc((int64_t)s->n + s->p, sizeof *whole, &whole));
    for (int i = 0; i < s->n; i++) {
        reals[i] = file_weight(s->first + i);
        reals[s->n + i] = file_offset(s->first + i);
        whole[i] = file_fold(s->first + i);
    }
    for (int j = 0; j < s->p; j++)
        whole[s->n + j] = file_group(j);
    write_set(file, "weights", s->X, 0, 1, n, H5T_NATIVE_DOUBLE, reals);
    write_set(file, "offset", H5T_NATIVE_FLOAT, 0, 1, n, H5T_NATIVE_DOUBLE, reals + s->n);
    write_set(file, "fold", s->whole, s->chunk, 1, n, H5T_NATIVE_INT, whole);
    write_set(file, "groups", s->whole, 0, 1, p, H5T_NATIVE_INT, whole + s->n);
    mem_free(&reals);
    mem_free(&whole);
}

void file_write(const char *path, const file_spec_t *s)
{
    if (comm_rank(test_comm) == 0) {
        h5_quiet_t before = h5_quiet_begin();
        hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        (s->sparse ? write_sparse : write_dense)(file, s);
        write_y(file, s);
        if (s->vectors)
            write_vectors(file, s);
        if (s->names != STRINGS_NONE)
            write_names(file, s);
        CU_ASSERT(H5Fclose(file) >= 0);
        h5_quiet_end(&before);
    }
    comm_barrier(test_comm);
}

void file_edit(const char *path, void (*edit)(hid_t file, const void *context), const void *context)
{
    if (comm_rank(test_comm) == 0) {
        h5_quiet_t before = h5_quiet_begin();
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        edit(file, context);
        CU_ASSERT(H5Fclose(file) >= 0);
        h5_quiet_end(&before);
    }
    comm_barrier(test_comm);
}

void file_poke(hid_t file, const char *name, hsize_t index, double value)
{
    hsize_t dims[2], at[2], one[1] = {1};
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(set);
    hid_t memory = H5Screate_simple(1, one, NULL);
    bool matrix = H5Sget_simple_extent_dims(space, dims, NULL) == 2;
    at[0] = matrix ? index / dims[1] : index;
    at[1] = matrix ? index % dims[1] : 0;
    H5Sselect_elements(space, H5S_SELECT_SET, 1, at);
    CU_ASSERT(H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &value) >= 0);
    H5Sclose(memory);
    H5Sclose(space);
    H5Dclose(set);
}
