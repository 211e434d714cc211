// SPDX-License-Identifier: Apache-2.0
//
// DLPack with NumPy at the other end, in an interpreter of this program's own: a peer that we did not write.
#include <gtest/gtest.h>

#ifdef GLINT_TEST_PYTHON
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include <glint/gpu/adopt.hpp>
#include <glint/gpu/dlpack.hpp>
#include <glint/gpu/dlpack_abi.hpp>
#include <glint/gpu/storage.hpp>

namespace glint::gpu {
namespace {

using ::testing::ElementsAre;

constexpr const char* capsule_name = "dltensor_versioned";
constexpr const char* used_name = "used_dltensor_versioned";

struct drop_reference {
  void operator()(PyObject* o) const noexcept { Py_XDECREF(o); }
};
using object = std::unique_ptr<PyObject, drop_reference>;

/// What Python's specification wants of a producer's capsule: it ends what nobody took out.
void end_capsule(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, capsule_name)) return;
  dlpack_release()(static_cast<DLManagedTensorVersioned*>(PyCapsule_GetPointer(capsule, capsule_name)));
}

class DlpackNumpy : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Py_InitializeEx(0);
    globals_ = PyDict_New();
    PyDict_SetItemString(globals_, "__builtins__", PyEval_GetBuiltins());
  }
  static void TearDownTestSuite() {
    Py_DECREF(globals_);
    Py_FinalizeEx();
  }
  void SetUp() override {
    if (!try_run("import gc, numpy, weakref")) GTEST_SKIP() << "Python has no numpy";
    if (eval("numpy.lib.NumpyVersion(numpy.__version__) >= '2.1.0'").get() != Py_True) {
      GTEST_SKIP() << "numpy is older than 2.1, the first with DLPack 1.0";
    }
  }

  static bool try_run(const char* code) {
    const object done(PyRun_String(code, Py_file_input, globals_, globals_));
    if (!done) PyErr_Clear();
    return done != nullptr;
  }
  static void run(const char* code) {
    const object done(PyRun_String(code, Py_file_input, globals_, globals_));
    if (!done) PyErr_Print();
    ASSERT_TRUE(done) << code;
  }
  static object eval(const char* code) {
    object value(PyRun_String(code, Py_eval_input, globals_, globals_));
    if (!value) {
      PyErr_Print();
      ADD_FAILURE() << code;
    }
    return value;
  }
  static std::string text(const char* code) {
    const object value = eval(code);
    const object shown(value ? PyObject_Str(value.get()) : nullptr);
    return shown ? PyUnicode_AsUTF8(shown.get()) : "";
  }
  /// Takes the structure out of a capsule in Python's hands.
  static DLManagedTensorVersioned* taken(PyObject* capsule) {
    auto* const managed = static_cast<DLManagedTensorVersioned*>(PyCapsule_GetPointer(capsule, capsule_name));
    EXPECT_NE(managed, nullptr);
    return managed;
  }

  static inline PyObject* globals_ = nullptr;
};

TEST_F(DlpackNumpy, ReadsOurElementsInPlaceAndGivesThemBack) {
  static int elements[6] = {1, 2, 3, 4, 5, 6};
  int ended = 0;
  {
    const int* const lent = elements;
    const auto t = adopt_memory(lent, {3, 2}, [&](const int*) { ++ended; }).value().slice(1, 3).transposed();
    dlpack_ptr out = export_dlpack(t).value();
    const object capsule(PyCapsule_New(out.release(), capsule_name, &end_capsule));
    PyDict_SetItemString(globals_, "capsule", capsule.get());
  }
  run("class lent:\n"
      "  def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None): return capsule\n"
      "  def __dlpack_device__(self): return (1, 0)\n"
      "x = numpy.from_dlpack(lent())\n"
      "del capsule\n");
  EXPECT_EQ(text("x.tolist()"), "[[3, 5], [4, 6]]");
  EXPECT_EQ(text("x.__array_interface__['data'][0]"), std::to_string(reinterpret_cast<std::uintptr_t>(elements + 2)));
  EXPECT_EQ(text("x.flags.writeable"), "False");
  EXPECT_EQ(text("x.dtype"), "int32");
  EXPECT_EQ(ended, 0);
  run("del x, lent; gc.collect()");
  EXPECT_EQ(ended, 1);
}

TEST_F(DlpackNumpy, ACapsuleThatNobodyTookEndsItToo) {
  static int elements[1] = {1};
  int ended = 0;
  dlpack_ptr out = export_dlpack(adopt_memory(elements, {1}, [&](int*) { ++ended; }).value()).value();
  object(PyCapsule_New(out.release(), capsule_name, &end_capsule)).reset();
  EXPECT_EQ(ended, 1);
}

TEST_F(DlpackNumpy, LendsItsArrayUntilTheLastHandleGoes) {
  run("x = numpy.arange(6, dtype='float32').reshape(2, 3).T; alive = weakref.ref(x)\n"
      "address = x.__array_interface__['data'][0]\n"
      "capsule = x.__dlpack__(max_version=(1, 0)); del x");
  tensor<float> t;
  {
    const object capsule = eval("capsule");
    t = tensor<float>::cast(import_dlpack(taken(capsule.get())).value());
    PyCapsule_SetName(capsule.get(), used_name);
  }
  run("del capsule; gc.collect()");
  EXPECT_EQ(text("alive() is None"), "False");
  EXPECT_EQ(text("address"), std::to_string(reinterpret_cast<std::uintptr_t>(t.data())));
  EXPECT_THAT(t.strides(), ElementsAre(1, 3));
  EXPECT_THAT(t.transposed().values(), ElementsAre(0, 1, 2, 3, 4, 5));
  t = {};
  EXPECT_EQ(text("alive() is None"), "True");
}

TEST_F(DlpackNumpy, LendsInTheOldStructureToo) {
  run("x = numpy.array([1.5, 2.5]); capsule = x.__dlpack__()");
  {
    const object capsule = eval("capsule");
    auto* const managed = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule.get(), "dltensor"));
    ASSERT_NE(managed, nullptr);
    const auto t = tensor<double>::cast(import_dlpack(managed).value());
    PyCapsule_SetName(capsule.get(), "used_dltensor");
    EXPECT_THAT(t.values(), ElementsAre(1.5, 2.5));
  }
  run("del capsule, x");
}

TEST_F(DlpackNumpy, WhatIsRefusedStaysNumpys) {
  const auto refused = [&](const char* array, const char* why) {
    SCOPED_TRACE(array);
    run((std::string("x = ") + array + "; alive = weakref.ref(x); capsule = x.__dlpack__(max_version=(1, 0)); del x")
            .c_str());
    {
      const object capsule = eval("capsule");
      const auto got = import_dlpack(taken(capsule.get()));
      ASSERT_FALSE(got);
      EXPECT_EQ(got.error().code(), errc::invalid_argument);
      EXPECT_THAT(got.error().message(), ::testing::HasSubstr(why));
    }
    EXPECT_EQ(text("alive() is None"), "False");
    run("del capsule; gc.collect()");
    EXPECT_EQ(text("alive() is None"), "True");
  };
  refused("numpy.arange(4)[::-1]", "a negative stride: -1");
  refused("numpy.broadcast_to(numpy.arange(4), (3, 4))", "strides by which elements overlap: 0");
  refused("numpy.zeros(4, dtype='complex64')", "type code 5, 64 bits");
  refused("numpy.zeros(4, dtype='float16')", "type code 2, 16 bits");
  refused("numpy.zeros(4, dtype=bool)", "type code 6");
}

}  // namespace
}  // namespace glint::gpu

#else

TEST(DlpackNumpy, NeedsPython) {
  GTEST_SKIP() << "built without Python's headers, or with a sanitizer, to which what an interpreter keeps is leaked";
}

#endif
