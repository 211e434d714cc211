// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What is used of BLAS and LAPACK, by the names that every implementation has. Matrices lie column by column; `ld..`
/// is the distance of columns.
extern "C" {
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dtrsm_(const char* side, const char* uplo, const char* transa, const char* diag, const int* m, const int* n,
            const double* alpha, const double* a, const int* lda, double* b, const int* ldb);
void dsyrk_(const char* uplo, const char* trans, const int* n, const int* k, const double* alpha, const double* a,
            const int* lda, const double* beta, double* c, const int* ldc);
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* b, const int* ldb, const double* beta, double* c,
            const int* ldc);
/// OpenBLAS only, elsewhere null: how many threads of its own a call uses.
void openblas_set_num_threads(int count) __attribute__((weak));
}
