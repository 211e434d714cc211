// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// DLPack's structures (https://dmlc.github.io/dlpack/latest/c_api.html, version 1.1), for programs that look into them
/// and have no dlpack.h of their own. `dlpack.hpp` does not need this file.
///
/// Where a dlpack.h came before, its declarations are used, and only what one older than 1.0 lacks is added. One that
/// comes after finds its include guard taken and adds nothing, so that both compile in one program, in either order.

#ifndef DLPACK_DLPACK_H_
#define DLPACK_DLPACK_H_

#define DLPACK_MAJOR_VERSION 1
#define DLPACK_MINOR_VERSION 1
#define GLINT_DECLARES_DLPACK_VERSIONED

extern "C" {

enum DLDeviceType : std::int32_t {
  kDLCPU = 1,
  kDLCUDA = 2,
  kDLCUDAHost = 3,
  kDLOpenCL = 4,
  kDLVulkan = 7,
  kDLMetal = 8,
  kDLVPI = 9,
  kDLROCM = 10,
  kDLROCMHost = 11,
  kDLExtDev = 12,
  kDLCUDAManaged = 13,
  kDLOneAPI = 14,
  kDLWebGPU = 15,
  kDLHexagon = 16,
  kDLMAIA = 17,
  kDLTrn = 18,
};

struct DLDevice {
  DLDeviceType device_type;
  std::int32_t device_id;
};

/// What DLDataType's code says; floats of 8, 6 and 4 bits have codes from 7 on.
enum DLDataTypeCode {
  kDLInt = 0,
  kDLUInt = 1,
  kDLFloat = 2,
  kDLOpaqueHandle = 3,
  kDLBfloat = 4,
  kDLComplex = 5,
  kDLBool = 6,
};

struct DLDataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

/// Strides in elements, the offset in bytes.
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};

/// The exchange of versions before 1.0.
struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(struct DLManagedTensor* self);
};
}

#elif !defined(DLPACK_MAJOR_VERSION)
#define GLINT_DECLARES_DLPACK_VERSIONED
#endif

#ifdef GLINT_DECLARES_DLPACK_VERSIONED
#undef GLINT_DECLARES_DLPACK_VERSIONED

#define DLPACK_FLAG_BITMASK_READ_ONLY (1UL << 0UL)
#define DLPACK_FLAG_BITMASK_IS_COPIED (1UL << 1UL)
#define DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED (1UL << 2UL)

extern "C" {

struct DLPackVersion {
  std::uint32_t major;
  std::uint32_t minor;
};

/// Another major version may differ behind `flags`: then only the deleter may be called.
struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(struct DLManagedTensorVersioned* self);
  std::uint64_t flags;
  DLTensor dl_tensor;
};
}

#endif
