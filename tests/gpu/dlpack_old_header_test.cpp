// SPDX-License-Identifier: Apache-2.0
//
// A program whose own dlpack.h is older than 1.0, and came first: these are such declarations, in the form that those
// headers have (structures without tags, a plain enumeration, no versions). Ours must compile beside them, and mean the
// same.
#include <cstdint>

#define DLPACK_DLPACK_H_
extern "C" {
typedef enum { kDLCPU = 1, kDLCUDA = 2, kDLCUDAHost = 3, kDLExtDev = 12 } DLDeviceType;  // NOLINT
typedef struct {                                                                         // NOLINT
  DLDeviceType device_type;
  int device_id;
} DLDevice;
typedef enum { kDLInt = 0U, kDLUInt = 1U, kDLFloat = 2U } DLDataTypeCode;  // NOLINT
typedef struct {                                                           // NOLINT
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
} DLDataType;
typedef struct {  // NOLINT
  void* data;
  DLDevice device;
  int ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
} DLTensor;
typedef struct DLManagedTensor {  // NOLINT
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(struct DLManagedTensor* self);
} DLManagedTensor;
}

#include <glint/gpu/dlpack.hpp>
#include <glint/gpu/dlpack_abi.hpp>

#include <gtest/gtest.h>

namespace glint::gpu {
namespace {

// The layout that libraries of 64-bit systems were compiled with.
static_assert(sizeof(DLTensor) == 48 && sizeof(DLManagedTensor) == 64 && sizeof(DLManagedTensorVersioned) == 80);
static_assert(offsetof(DLManagedTensorVersioned, manager_ctx) == 8 &&
              offsetof(DLManagedTensorVersioned, deleter) == 16);
static_assert(offsetof(DLManagedTensorVersioned, flags) == 24 && offsetof(DLManagedTensorVersioned, dl_tensor) == 32);

TEST(DlpackOldHeader, IsUnderstood) {
  double elements[2] = {1, 2};
  std::int64_t shape[1] = {2};
  DLManagedTensor lent{};
  lent.dl_tensor = {elements, {kDLCPU, 0}, 1, {kDLFloat, 64, 1}, shape, nullptr, 0};
  const auto t = tensor<double>::cast(import_dlpack(&lent).value());
  EXPECT_EQ(t.values()[1], 2);
  const dlpack_ptr out = export_dlpack(t).value();
  EXPECT_EQ(out->dl_tensor.data, elements);
  EXPECT_EQ(out->dl_tensor.device.device_type, kDLCPU);
}

}  // namespace
}  // namespace glint::gpu
