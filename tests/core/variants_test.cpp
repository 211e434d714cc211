// SPDX-License-Identifier: Apache-2.0
// Which variant runs, and what comes of it. How long anything takes is made up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "variants_fixture.hpp"
#include "warnings.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;
using glint::tensor;
using glint::variants;
using glint::detail::transfer_way;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t cpu = 0;
constexpr std::size_t gpu = 1;

std::atomic<int> ran_on_cpu{0};
std::atomic<int> ran_on_gpu{0};

tensor<float> twice_on_cpu(const tensor<float>& x) {
  ++ran_on_cpu;
  auto y = tensor<float>::zeros(x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) y.values()[i] = 2 * x.values()[i];
  return y;
}
/// Enqueues y = 2 x, after the event if there is one.
tensor<float> enqueue_twice(gpu_context& on, const tensor<float>& x, const shared_event* go = nullptr) {
  auto y = on.empty_like(x);
  on.reads(x);
  on.writes(y);
  on.run_on_host_device(
      [in = x.data(), out = y.data(), n = x.size(), go = go ? *go : make_event(), waits = go != nullptr] {
        if (waits) (*go)->wait();
        for (std::int64_t i = 0; i < n; ++i) out[i] = 2 * in[i];
      });
  return y;
}
tensor<float> twice_on_gpu(gpu_context& on, const tensor<float>& x) {
  ++ran_on_gpu;
  return enqueue_twice(on, x);
}
constexpr auto twice = variants<twice_on_cpu, twice_on_gpu>;

/// On the device, whatever is believed.
tensor<float> made_on_gpu(gpu_context& on, const tensor<float>& x) {
  return enqueue_twice(on, x);
}
tensor<float> made_later(gpu_context& on, const tensor<float>& x, const shared_event& go) {
  return enqueue_twice(on, x, &go);
}

int echo_on_cpu(int value) {
  ++ran_on_cpu;
  return value;
}
int echo_on_gpu(gpu_context& on, int value) {
  ++ran_on_gpu;
  on.run_on_host_device([] {});
  return value;
}
constexpr auto echoes = variants<echo_on_cpu, echo_on_gpu>;

[[nodiscard]] tensor<float> numbers() {
  return tensor<float>::from({1, 2, 3});
}
[[nodiscard]] std::vector<float> values(const object_ref<tensor<float>>& ref) {
  const auto read = get(ref, deadline).to_host();
  return {read.values().begin(), read.values().end()};
}

class Variants : public variants_case {
 protected:
  explicit Variants(const glint::config& settings = small_node()) : variants_case(settings) {}
  void SetUp() override {
    variants_case::SetUp();
    ran_on_cpu = ran_on_gpu = 0;
  }
};
struct VariantsOfTwoDevices : Variants {
  VariantsOfTwoDevices() : Variants(small_node(2, 2)) {}
};
struct VariantsWithoutDevice : Variants {
  VariantsWithoutDevice() : Variants(small_node(2, 0)) {}
};

TEST_F(Variants, EitherGivesTheSame) {
  const auto x = glint::put(numbers());
  for (const std::size_t which : {cpu, gpu}) {
    prefer<twice>(which);
    EXPECT_THAT(values(submit<twice>(x)), ElementsAre(2, 4, 6));
    EXPECT_THAT(values(submit<twice>(numbers())), ElementsAre(2, 4, 6)) << "a value";
    EXPECT_THAT(values(submit<variants<twice_on_cpu, twice_on_gpu>>({.name = "named"}, x)), ElementsAre(2, 4, 6));
    const glint::task_options options;
    EXPECT_THAT(values(submit<twice>(options, submit<twice>(x))), ElementsAre(4, 8, 12));
    EXPECT_EQ(ran_on_cpu, which == cpu ? 5 : 0);
    EXPECT_EQ(ran_on_gpu, which == gpu ? 5 : 0);
    ran_on_cpu = ran_on_gpu = 0;
  }
}

TEST_F(Variants, LambdasTuplesAndNothing) {
  constexpr auto split = variants<[](int a, const std::string& b) { return std::tuple(a, b + "!"); },
                                  [](gpu_context&, int a, const std::string& b) { return std::tuple(a, b + "!"); }>;
  for (const std::size_t which : {cpu, gpu}) {
    prefer<split>(which);
    const auto [a, b] = submit<split>(submit<echo>(3), "text");
    EXPECT_EQ(get(a, deadline), 3);
    EXPECT_EQ(get(b, deadline), "text!");
  }
  constexpr auto nothing = variants<[](int) { ++ran_on_cpu; }, [](gpu_context&, int) { ++ran_on_gpu; }>;
  for (const std::size_t which : {cpu, gpu}) {
    prefer<nothing>(which);
    get(submit<nothing>(1), deadline);
  }
  EXPECT_EQ(ran_on_cpu, 1);
  EXPECT_EQ(ran_on_gpu, 1);
}

TEST_F(Variants, OfOneKindAndOfThree) {
  constexpr auto three =
      variants<[](int x) { return x; }, [](int x) { return x + 10; }, [](gpu_context&, int x) { return x + 20; }>;
  for (const std::size_t which : {0u, 1u, 2u}) {
    std::vector<double> seconds(3, 86'400.0);
    seconds[which] = 1;
    assume<three>(seconds);
    EXPECT_EQ(get(submit<three>(1), deadline), 1 + 10 * static_cast<int>(which));
  }
  constexpr auto of_device = variants<[](gpu_context&, int x) { return x; }, [](gpu_context&, int x) { return -x; }>;
  prefer<of_device>(1);
  EXPECT_EQ(get(submit<of_device>(1), deadline), -1);
}

/// What the bodies of a set take of the case's clock.
glint::manual_clock* time_of_case = nullptr;
std::chrono::microseconds cpu_takes(std::size_t bytes) {
  return std::chrono::microseconds(2 + bytes / 1024);
}
std::chrono::microseconds gpu_takes(std::size_t bytes) {
  return std::chrono::microseconds(40 + bytes / (64 * 1024));
}
int work_on_cpu(const std::string& text) {
  ++ran_on_cpu;
  time_of_case->advance(cpu_takes(text.size()));
  return static_cast<int>(text.size());
}
int work_on_gpu(gpu_context& on, const std::string& text) {
  ++ran_on_gpu;
  on.run_on_host_device([bytes = text.size()] { time_of_case->advance(gpu_takes(bytes)); });
  return static_cast<int>(text.size());
}

/// From nothing: each measured as it runs.
TEST_F(Variants, LearnsWhichIsFasterBySize) {
  time_of_case = &clock_;
  constexpr auto work = variants<work_on_cpu, work_on_gpu>;
  const std::string small(1024, 'x');
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(get(submit<work>(small), deadline), 1024);
    EXPECT_EQ(get(submit<work>(large), deadline), 1 << 20);
  }
  ran_on_cpu = ran_on_gpu = 0;
  for (int i = 0; i < 10; ++i) (void)get(submit<work>(small), deadline);
  EXPECT_GE(ran_on_cpu, 9) << "and a trial at most";
  ran_on_cpu = ran_on_gpu = 0;
  for (int i = 0; i < 10; ++i) (void)get(submit<work>(large), deadline);
  EXPECT_GE(ran_on_gpu, 9);
  // Times on the device are as the poller sees them, here by a clock that the next call moves: only the CPU's are
  // exact.
  EXPECT_THAT(glint::variant_report(),
              AllOf(HasSubstr("variants glint_test::(anonymous namespace)::work_on_cpu, glint_test"),
                    testing::ContainsRegex("from 1 KiB +3[.]0 us"), testing::ContainsRegex("from 1 MiB +1[.]0 ms")));
}

TEST_F(Variants, ValuesCountByWhatTheyHold) {
  time_of_case = &clock_;
  (void)get(submit<variants<work_on_cpu, work_on_gpu>>(std::string(5000, 'x')), deadline);
  EXPECT_THAT(glint::variant_report(), HasSubstr("from 4 KiB"));
  (void)get(submit<variants<work_on_cpu, work_on_gpu>>(glint::put(std::string(9000, 'x'))), deadline);
  EXPECT_THAT(glint::variant_report(), HasSubstr("from 8 KiB"));
}

/// Not at submit.
TEST_F(Variants, ChoosesWhenTheArgumentsAreKnown) {
  prefer<echoes>(gpu);
  const auto go = make_event();
  const auto ref = submit<echoes>(submit<after>(go, 7));
  prefer<echoes>(cpu);
  (*go)->set();
  EXPECT_EQ(get(ref, deadline), 7);
  EXPECT_EQ(ran_on_cpu, 1);
  EXPECT_EQ(ran_on_gpu, 0);
}

TEST_F(Variants, OnADeviceItBeginsWhenItsArgumentIsIssued) {
  prefer<twice>(gpu);
  const auto go = make_event();
  const auto late = submit<made_later>(numbers(), go);
  const auto ref = submit<twice>(late);
  EXPECT_TRUE(eventually([] { return ran_on_gpu == 1; })) << "although what makes it has not run";
  EXPECT_FALSE((*go)->happened());
  (*go)->set();
  EXPECT_THAT(values(ref), ElementsAre(4, 8, 12));
}

TEST_F(Variants, OnACpuItBeginsWhenItsArgumentIsReady) {
  prefer<twice>(cpu);
  const auto go = make_event();
  const auto late = submit<made_later>(numbers(), go);
  const auto ref = submit<twice>(late);
  EXPECT_EQ(get(submit<echo>(1), deadline), 1);
  EXPECT_EQ(ran_on_cpu, 0);
  (*go)->set();
  EXPECT_THAT(values(ref), ElementsAre(4, 8, 12));
  EXPECT_EQ(ran_on_cpu, 1);
}

TEST_F(Variants, TransfersTipTheBalance) {
  assume<twice>({2, 1});
  assume_transfer(transfer_way::to_device, 100);
  assume_transfer(transfer_way::to_host, 100);
  const auto on_host = glint::put(numbers());
  EXPECT_THAT(values(submit<twice>(on_host)), ElementsAre(2, 4, 6));
  EXPECT_EQ(ran_on_cpu, 1) << "to the device it would have to be copied";
  const auto on_device = submit<made_on_gpu>(on_host);
  EXPECT_THAT(values(submit<twice>(on_device)), ElementsAre(4, 8, 12));
  EXPECT_EQ(ran_on_gpu, 1) << "it lies there";
  EXPECT_THAT(values(submit<twice>(on_host)), ElementsAre(2, 4, 6));
  EXPECT_EQ(ran_on_gpu, 2) << "a copy of it is cached there by now, and costs nothing";
}

TEST_F(Variants, TransfersAreMeasured) {
  const auto on_host = glint::put(numbers());
  prefer<twice>(gpu);
  const auto on_device = submit<twice>(on_host);
  EXPECT_FALSE(glint::wait({on_device}, {.timeout = deadline}).ready.empty());
  EXPECT_TRUE(eventually([] { return glint::variant_report().find("to device") != std::string::npos; }));
  prefer<twice>(cpu);
  EXPECT_THAT(values(submit<twice>(on_device)), ElementsAre(4, 8, 12));
  EXPECT_THAT(glint::variant_report(), HasSubstr("to host"));
}

int device_of(gpu_context& on, const tensor<float>& x) {
  EXPECT_EQ(x.place().device, on.device().index());
  return on.device().index();
}
int no_device_of(const tensor<float>&) {
  return -1;
}
TEST_F(VariantsOfTwoDevices, TheDeviceIsTheNearest) {
  constexpr auto where = variants<no_device_of, device_of>;
  prefer<where>(gpu);
  const auto x = glint::put(numbers());
  const int first = get(submit<where>(x), deadline);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(submit<where>(x), deadline), first) << "where its copy is cached";
}

TEST_F(VariantsWithoutDevice, RunsOnTheCpu) {
  prefer<twice>(gpu);
  for (int i = 0; i < 20; ++i) EXPECT_THAT(values(submit<twice>(numbers())), ElementsAre(2, 4, 6));
  EXPECT_EQ(ran_on_cpu, 20);
}

TEST_F(VariantsWithoutDevice, ThatHasNoneForACpuFails) {
  constexpr auto of_device = variants<[](gpu_context&, int x) { return x; }, [](gpu_context&, int x) { return -x; }>;
  expect_chain(submit<of_device>({.name = "only devices"}, 1), {{errc::no_device, "only devices"}});
}

TEST_F(Variants, AShareOfADeviceIsForDeviceVariants) {
  prefer<echoes>(cpu);
  EXPECT_EQ(get(submit<echoes>({.gpus = 0.5}, 4), deadline), 4);
  EXPECT_EQ(ran_on_gpu, 1);
  expect_chain(submit<variants<echo_on_cpu, echo>>({.name = "on a cpu", .gpus = 1}, 4),
               {{errc::infeasible, "on a cpu"}});
  EXPECT_EQ(get(submit<echoes>({.cpus = 2, .memory_bytes = 1000}, 5), deadline), 5) << "these are for either";
  EXPECT_EQ(ran_on_cpu, 1);
}

TEST_F(Variants, ALostDeviceLeavesTheCpu) {
  prefer<twice>(gpu);
  const auto x = glint::put(numbers());
  faults_of_device().lose_device();
  EXPECT_THAT(values(submit<twice>(x)), ElementsAre(2, 4, 6)) << "tried again, on the CPU";
  EXPECT_EQ(glint::statistics().retries, 1u);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(values(submit<twice>(x)), ElementsAre(2, 4, 6));
  EXPECT_EQ(ran_on_cpu, 6);
  EXPECT_EQ(glint::statistics().retries, 1u) << "the loss is known";
}

TEST_F(VariantsOfTwoDevices, ALostDeviceLeavesTheOther) {
  constexpr auto where = variants<no_device_of, device_of>;
  prefer<where>(gpu);
  faults_of_device(0).lose_device();
  (void)glint::wait({submit<where>({.max_retries = 0}, numbers()), submit<where>({.max_retries = 0}, numbers())},
                    {.count = 2, .timeout = deadline});  // one of them finds out
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(submit<where>(numbers()), deadline), 1);
}

tensor<float> grown_on_cpu(tensor<float> x) {
  ++ran_on_cpu;
  for (float& v : x.values()) v += 1;
  return x;
}
tensor<float> grown_on_gpu(gpu_context& on, tensor<float> x) {
  ++ran_on_gpu;
  on.writes(x);
  on.run_on_host_device([p = x.data(), n = x.size()] {
    for (std::int64_t i = 0; i < n; ++i) p[i] += 1;
  });
  if (faults_of_device().lost()) throw std::logic_error("never");
  throw glint::exception(glint::error(errc::out_of_memory, "no room"));
}

/// The body on the device had taken its argument already: a copy of it.
TEST_F(Variants, OutOfMemoryOnADeviceGoesToTheCpu) {
  constexpr auto grown = variants<grown_on_cpu, grown_on_gpu>;
  prefer<grown>(gpu);
  EXPECT_THAT(values(submit<grown>(numbers())), ElementsAre(2, 3, 4));
  EXPECT_EQ(ran_on_gpu, 1);
  EXPECT_EQ(ran_on_cpu, 1);
  const auto on_device = submit<made_on_gpu>(numbers());
  EXPECT_THAT(values(submit<grown>(on_device)), ElementsAre(3, 5, 7));
  EXPECT_EQ(ran_on_gpu, 2);
  EXPECT_EQ(ran_on_cpu, 2);
  EXPECT_EQ(glint::statistics().retries, 2u);
}

/// A copy for the task that finds no room on the device.
TEST_F(Variants, OutOfMemoryOnTheWayGoesToTheCpu) {
  prefer<twice>(gpu);
  EXPECT_THAT(values(submit<twice>(numbers())), ElementsAre(2, 4, 6));  // the device has memory of its own from here on
  const auto x = glint::put(numbers());
  faults_of_device().fail_step(1, errc::out_of_memory);  // the copy
  EXPECT_THAT(values(submit<twice>(x)), ElementsAre(2, 4, 6));
  EXPECT_FALSE(faults_of_device().step_is_ahead());
  EXPECT_EQ(ran_on_gpu, 1);
  EXPECT_EQ(ran_on_cpu, 1);
  EXPECT_EQ(glint::statistics().retries, 1u);
}

/// Also when it was enqueued and failed behind the body.
TEST_F(Variants, AKernelThatFailsGoesToTheCpuWhereThatIsAskedFor) {
  prefer<twice>(gpu);
  const auto x = glint::put(numbers());
  EXPECT_THAT(values(submit<twice>(x)), ElementsAre(2, 4, 6));
  faults_of_device().fail_kernel(1);
  EXPECT_THAT(values(submit<twice>({.retry_enqueued = true}, x)), ElementsAre(2, 4, 6));
  EXPECT_EQ(ran_on_gpu, 2);
  EXPECT_EQ(ran_on_cpu, 1);
}

int throws_on_cpu(int) {
  throw std::out_of_range("on the cpu");
}
int throws_on_gpu(gpu_context&, int) {
  throw std::out_of_range("on the gpu");
}
TEST_F(Variants, ErrorsNameTheOneThatRan) {
  constexpr auto both = variants<throws_on_cpu, throws_on_gpu>;
  prefer<both>(cpu);
  expect_chain_and_dependent(submit<both>(1),
                             {{errc::user_exception, "task glint_test::(anonymous namespace)::throws_on_cpu"}});
  prefer<both>(gpu);
  expect_chain_and_dependent(submit<both>(1),
                             {{errc::user_exception, "task glint_test::(anonymous namespace)::throws_on_gpu"}});
  expect_chain(submit<both>({.name = "mine"}, 1),
               {{errc::user_exception, "task mine (glint_test::(anonymous namespace)::throws_on_gpu)"}});
  prefer<twice>(gpu);
  faults_of_device().fail_kernel(1);
  const auto failure = error_of(submit<twice>(numbers()));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), errc::kernel_failed);
  EXPECT_THAT(failure->subject(), HasSubstr("twice_on_gpu"));
}

/// After an exception that is to be tried again, too.
TEST_F(Variants, AnotherAttemptIsAnotherVariant) {
  constexpr auto both = variants<[](int x) -> int {
    ++ran_on_cpu;
    throw std::out_of_range(std::to_string(x));
  },
                                 echo_on_gpu>;
  prefer<both>(cpu);
  EXPECT_EQ(get(submit<both>({.retry_on = glint::retry_on<std::out_of_range>}, 3), deadline), 3);
  EXPECT_EQ(ran_on_cpu, 1);
  EXPECT_EQ(ran_on_gpu, 1);
}

TEST_F(Variants, TheBodyKnowsWhichItIs) {
  constexpr auto named =
      variants<[](int) { return glint::this_task().name; }, [](gpu_context&, int) { return glint::this_task().name; }>;
  prefer<echoes>(cpu);
  for (const std::size_t which : {cpu, gpu}) {
    prefer<named>(which);
    const std::string name = get(submit<named>(1), deadline);
    const auto& traits = glint::detail::variants_body<std::remove_cv_t<decltype(named)>>::traits;
    EXPECT_EQ(name, traits.variants[which].name());
  }
}

TEST_F(Variants, AnArgumentThatFailedEndsIt) {
  const auto failed = submit<[]() -> int { throw std::runtime_error("bad"); }>();
  const auto failure = error_of(submit<echoes>(failed));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), errc::dependency_failed);
  EXPECT_THAT(failure->subject(), AllOf(HasSubstr("variants"), HasSubstr("echo_on_cpu, "), HasSubstr("echo_on_gpu")));
  ASSERT_TRUE(failure->cause());
  EXPECT_EQ(failure->cause()->code(), errc::user_exception);
  EXPECT_EQ(ran_on_cpu + ran_on_gpu, 0);
}

/// It fails after the CPU was chosen: behind an object that was issued.
TEST_F(Variants, AnArgumentThatFailsBehindItsIssueEndsIt) {
  prefer<twice>(cpu);
  const auto go = make_event();
  const auto late = submit<[](gpu_context& on, const tensor<float>& x, const shared_event& e) {
    auto y = on.empty_like(x);
    on.writes(y);
    on.run_on_host_device([e] {
      (*e)->wait();
      throw std::runtime_error("bad cell");
    });
    return y;
  }>({.name = "late"}, numbers(), go);
  const auto ref = submit<twice>(late);
  (*go)->set();
  const auto failure = error_of(ref);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), errc::dependency_failed);
  EXPECT_THAT(failure->subject(), HasSubstr("twice_on_cpu"));
  ASSERT_TRUE(failure->cause());
  EXPECT_EQ(failure->cause()->code(), errc::kernel_failed);
  EXPECT_EQ(ran_on_cpu + ran_on_gpu, 0);
}

TEST_F(Variants, MayBeCancelledBeforeAndAfterTheChoice) {
  prefer<echoes>(gpu);
  const auto go = make_event();
  const auto before = submit<echoes>(submit<after>({.cpus = 0}, go, 7));
  EXPECT_TRUE(glint::cancel(before));
  expect_chain(before, {{errc::cancelled, "variants"}});

  prefer<twice>(cpu);
  const auto late = submit<made_later>(numbers(), go);
  EXPECT_TRUE(eventually([&] { return glint::metadata(late).state == glint::object_state::issued; }));
  const auto behind = submit<twice>(late);  // the CPU is chosen at once, and waits until it is ready
  EXPECT_TRUE(glint::cancel(behind));
  expect_chain(behind, {{errc::cancelled, "twice_on_cpu"}});
  (*go)->set();
  EXPECT_THAT(values(late), ElementsAre(2, 4, 6));
  EXPECT_EQ(ran_on_cpu + ran_on_gpu, 0);
}

TEST_F(Variants, ShutdownEndsThoseThatWait) {
  const auto waiting = submit<echoes>(never());
  const auto go = make_event();
  prefer<twice>(cpu);
  const auto behind = submit<twice>(submit<made_later>(numbers(), go));
  (*go)->set();
  glint::shutdown();
  expect_shutdown(waiting);
  EXPECT_THROW((void)glint::variant_report(), glint::exception);
  glint::init(small_node());
}

TEST_F(VariantsOfTwoDevices, ManyThreadsSubmitAtOnce) {
  const auto x = glint::put(numbers());
  std::vector<std::jthread> threads;
  std::array<std::vector<object_ref<tensor<float>>>, 4> made;
  std::array<std::vector<object_ref<int>>, 4> echoed;
  for (std::size_t t = 0; t < made.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        made[t].push_back(submit<twice>(i % 2 == 0 || made[t].empty() ? x : made[t].back()));
        echoed[t].push_back(submit<echoes>(i));
      }
    });
  }
  threads.clear();
  for (std::size_t t = 0; t < made.size(); ++t) {
    for (int i = 0; i < 25; ++i) {
      const float factor = i % 2 == 0 ? 2 : 4;
      EXPECT_THAT(values(made[t][static_cast<std::size_t>(i)]), ElementsAre(factor, 2 * factor, 3 * factor));
      EXPECT_EQ(get(echoed[t][static_cast<std::size_t>(i)], deadline), i);
    }
  }
  EXPECT_EQ(ran_on_cpu + ran_on_gpu, 200);
}

TEST(VariantsBetweenRuns, AreKeptInTheFileOfTheSettings) {
  const auto path = std::filesystem::temp_directory_path() / ("glint-times-" + std::to_string(::getpid()));
  glint::config settings = small_node();
  settings.variant_model = path.string();
  warnings logged;
  glint::init(settings);
  prefer<echoes>(gpu);
  EXPECT_EQ(get(submit<echoes>(1), deadline), 1);
  glint::shutdown();
  ran_on_cpu = ran_on_gpu = 0;
  glint::init(settings);
  EXPECT_THAT(glint::variant_report(), HasSubstr("echo_on_gpu"));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(submit<echoes>(1), deadline), 1);
  glint::shutdown();
  EXPECT_EQ(ran_on_gpu, 10) << "nothing is tried that was known";
  EXPECT_FALSE(logged.has("variant_model"));
  std::filesystem::remove(path);
}

TEST(VariantsBetweenRuns, AReportNeedsARuntime) {
  EXPECT_EQ(thrown_by([] { (void)glint::variant_report(); }), errc::not_running);
}

}  // namespace
}  // namespace glint_test
