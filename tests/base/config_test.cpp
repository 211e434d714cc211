// SPDX-License-Identifier: Apache-2.0
#include <glint/base/config.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace glint {
namespace {

using arguments = std::vector<std::string>;
using testing::AllOf;
using testing::HasSubstr;

result<config> load(const environment& variables, arguments args = {}, const config& defaults = {}) {
  return load_config(defaults, variables, args);
}

/// The one line of a configuration error, after its code was checked.
std::string refusal(const result<config>& loaded) {
  EXPECT_FALSE(loaded.has_value());
  if (loaded) return {};
  EXPECT_EQ(loaded.error().code(), errc::invalid_configuration);
  return loaded.error().describe();
}

TEST(Config, DefaultsStandWhenNothingIsSaid) {
  EXPECT_EQ(load({}).value(), config{});
}

TEST(Config, TheStructSetsWhatNobodyElseDoes) {
  EXPECT_EQ(load({}, {}, {.cpus = 3}).value().cpus, 3);
}

TEST(Config, TheEnvironmentWinsOverTheStruct) {
  EXPECT_EQ(load({{"GLINT_CPUS", "2.5"}}, {}, {.cpus = 3}).value().cpus, 2.5);
}

TEST(Config, ArgumentsWinOverTheEnvironment) {
  EXPECT_EQ(load({{"GLINT_CPUS", "2"}}, {"--glint-cpus=4"}, {.cpus = 3}).value().cpus, 4);
}

TEST(Config, EverySettingHasVariableAndArgument) {
  const config expected{.cpus = 2,
                        .devices = 3,
                        .device_memory_bytes = 1ull << 30,
                        .emulated_peer_group = 2,
                        .backend = device_backend::emulated,
                        .log_level = log_level::debug,
                        .idle_spin_us = 5,
                        .memory_bytes = 8ull << 30,
                        .recycled_bytes = 32ull << 20,
                        .pinned_bytes = 64ull << 20,
                        .malloc_keep_bytes = 1ull << 30,
                        .spilled_host_bytes = 2ull << 20,
                        .spill_directory = "/spill",
                        .resources = "licence=2,tape=0.5",
                        .report_waiting_after_s = 0.5,
                        .variant_model = "times.txt"};
  EXPECT_EQ(load({{"GLINT_CPUS", "2"},
                  {"GLINT_DEVICES", "3"},
                  {"GLINT_DEVICE_MEMORY_BYTES", "1GiB"},
                  {"GLINT_EMULATED_PEER_GROUP", "2"},
                  {"GLINT_BACKEND", "emulated"},
                  {"GLINT_LOG_LEVEL", "debug"},
                  {"GLINT_IDLE_SPIN_US", "5"},
                  {"GLINT_MEMORY_BYTES", "8GiB"},
                  {"GLINT_RECYCLED_BYTES", "32MiB"},
                  {"GLINT_PINNED_BYTES", "64MiB"},
                  {"GLINT_MALLOC_KEEP_BYTES", "1GiB"},
                  {"GLINT_SPILLED_HOST_BYTES", "2MiB"},
                  {"GLINT_SPILL_DIRECTORY", "/spill"},
                  {"GLINT_RESOURCES", "licence=2,tape=0.5"},
                  {"GLINT_REPORT_WAITING_AFTER_S", "0.5"},
                  {"GLINT_VARIANT_MODEL", "times.txt"}})
                .value(),
            expected);
  EXPECT_EQ(load({}, {"--glint-cpus=2", "--glint-devices=3", "--glint-device-memory-bytes=1024MiB",
                      "--glint-emulated-peer-group=2", "--glint-backend=emulated", "--glint-log-level=debug",
                      "--glint-idle-spin-us=5", "--glint-memory-bytes=8192MiB", "--glint-recycled-bytes=32768KiB",
                      "--glint-pinned-bytes=65536KiB", "--glint-malloc-keep-bytes=1024MiB",
                      "--glint-spilled-host-bytes=2048KiB", "--glint-spill-directory=/spill",
                      "--glint-resources=licence=2,tape=0.5", "--glint-report-waiting-after-s", "0.5",
                      "--glint-variant-model=times.txt"})
                .value(),
            expected);
}

TEST(Config, AnArgumentMayHaveItsValueBehindIt) {
  EXPECT_EQ(load({}, {"--glint-cpus", "4"}).value().cpus, 4);
}

TEST(Config, TheProgramSeesOnlyItsOwnArguments) {
  arguments args{"program", "--verbose", "--glint-cpus", "4", "file", "--glint-devices=0", "--glintish"};
  ASSERT_TRUE(load_config({}, {}, args));
  EXPECT_EQ(args, (arguments{"program", "--verbose", "file", "--glintish"}));
}

TEST(Config, ArgumentsAfterTwoDashesAreTheProgramsOwn) {
  arguments args{"--glint-cpus=2", "--", "--glint-cpus=3"};
  EXPECT_EQ(load_config({}, {}, args).value().cpus, 2);
  EXPECT_EQ(args, (arguments{"--", "--glint-cpus=3"}));
}

TEST(Config, ARefusalLeavesTheArgumentsAlone) {
  arguments args{"--glint-cpus=2", "--glint-nonsense"};
  EXPECT_FALSE(load_config({}, {}, args));
  EXPECT_EQ(args.size(), 2u);
}

TEST(Config, AnUnknownVariableIsRefusedWithTheNearestKnownOne) {
  EXPECT_THAT(refusal(load({{"GLINT_CPU", "2"}})), AllOf(HasSubstr("variable GLINT_CPU"), HasSubstr("is GLINT_CPUS")));
  EXPECT_THAT(refusal(load({{"GLINT_LOGLEVEL", "info"}})), HasSubstr("is GLINT_LOG_LEVEL"));
}

TEST(Config, AnUnknownArgumentIsRefusedWithTheNearestKnownOne) {
  EXPECT_THAT(refusal(load({}, {"--glint-device=2"})),
              AllOf(HasSubstr("argument --glint-device"), HasSubstr("is --glint-devices")));
}

TEST(Config, ABadValueNamesSourceKeyValueAndWhatIsExpected) {
  EXPECT_THAT(refusal(load({{"GLINT_CPUS", "many"}})),
              AllOf(HasSubstr("variable GLINT_CPUS"), HasSubstr("cpus = \"many\""), HasSubstr("expected a number")));
  EXPECT_THAT(
      refusal(load({}, {"--glint-backend=metal"})),
      AllOf(HasSubstr("argument --glint-backend"), HasSubstr("\"metal\""), HasSubstr("automatic, cuda or emulated")));
  EXPECT_THAT(refusal(load({}, {}, {.cpus = -1})), AllOf(HasSubstr("config.cpus"), HasSubstr("\"-1\"")));
}

TEST(Config, AnArgumentWithoutAValueIsRefused) {
  EXPECT_THAT(refusal(load({}, {"--glint-cpus"})), HasSubstr("has no value"));
}

class ConfigRefuses : public testing::TestWithParam<std::pair<const char*, const char*>> {};
TEST_P(ConfigRefuses, Value) {
  const auto [name, value] = GetParam();
  EXPECT_THAT(refusal(load({{name, value}})), HasSubstr("expected"));
}
INSTANTIATE_TEST_SUITE_P(
    All, ConfigRefuses,
    testing::Values(std::pair{"GLINT_CPUS", ""}, std::pair{"GLINT_CPUS", "-1"}, std::pair{"GLINT_CPUS", "nan"},
                    std::pair{"GLINT_CPUS", "inf"}, std::pair{"GLINT_CPUS", "4x"}, std::pair{"GLINT_CPUS", " 4"},
                    std::pair{"GLINT_CPUS", "1e9"}, std::pair{"GLINT_DEVICES", "1.5"}, std::pair{"GLINT_DEVICES", "-1"},
                    std::pair{"GLINT_DEVICES", "4294967296"}, std::pair{"GLINT_DEVICE_MEMORY_BYTES", "0"},
                    std::pair{"GLINT_DEVICE_MEMORY_BYTES", "1.5GiB"}, std::pair{"GLINT_DEVICE_MEMORY_BYTES", "GiB"},
                    std::pair{"GLINT_DEVICE_MEMORY_BYTES", "1GB"},
                    std::pair{"GLINT_DEVICE_MEMORY_BYTES", "16777216TiB"}, std::pair{"GLINT_LOG_LEVEL", "Info"},
                    std::pair{"GLINT_IDLE_SPIN_US", "1000001"}));

TEST(Config, SizesTakeSuffixes) {
  const auto bytes = [](const char* text) {
    return load({{"GLINT_DEVICE_MEMORY_BYTES", text}}).value().device_memory_bytes;
  };
  EXPECT_EQ(bytes("12345"), 12345u);
  EXPECT_EQ(bytes("7B"), 7u);
  EXPECT_EQ(bytes("64KiB"), 64u << 10);
  EXPECT_EQ(bytes("3MiB"), 3u << 20);
  EXPECT_EQ(bytes("2GiB"), 2ull << 30);
  EXPECT_EQ(bytes("1TiB"), 1ull << 40);
}

TEST(Config, VariablesOfBuildAndTestsAreNotTheRuntimes) {
  EXPECT_TRUE(load({{"GLINT_TEST_SEED", "x"}, {"GLINT_BENCH_RUNS", "x"}, {"GLINT_CUDA", "ON"}, {"OTHER", "x"}}));
}

TEST(Config, TheProcessesVariablesAreThoseWithItsPrefix) {
  ASSERT_EQ(setenv("GLINT_TEST_PROBE", "a=b", 1), 0);
  const environment variables = process_environment();
  unsetenv("GLINT_TEST_PROBE");
  EXPECT_EQ(variables.at("GLINT_TEST_PROBE"), "a=b");
  for (const auto& [name, value] : variables) EXPECT_TRUE(name.starts_with("GLINT_")) << name;
}

TEST(Config, HelpNamesEverySettingWithItsDefault) {
  EXPECT_THAT(config_help(),
              AllOf(HasSubstr("--glint-cpus=VALUE, GLINT_CPUS"), HasSubstr("--glint-device-memory-bytes"),
                    HasSubstr("default 256MiB"), HasSubstr("default automatic"), HasSubstr("--glint-log-level"),
                    HasSubstr("--glint-idle-spin-us")));
}

TEST(ConfigResources, AreNamesWithAmountsInOrderOfTheNames) {
  EXPECT_EQ(parse_resources("tape=0.5,licence=2").value(), (resource_amounts{{"licence", 2}, {"tape", 0.5}}));
  EXPECT_TRUE(parse_resources("").value().empty());
  EXPECT_EQ(parse_resources("a.b:c-d=1e-4").value(), (resource_amounts{{"a.b:c-d", 0.0001}}));
}

TEST(ConfigResources, AWrongOneIsRefusedWithItsName) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"licence", "\"licence\" has the amount \"\": not from 0.0001 to 1e9"},
      {"a=1,licence=x", "\"licence\" has the amount \"x\""},
      {"licence=0", "\"licence\" has the amount \"0\""},
      {"licence=-1", "\"licence\" has the amount \"-1\""},
      {"licence=0.00001", "\"licence\" has the amount \"0.00001\""},
      {"licence=1e10", "\"licence\" has the amount \"1e10\""},
      {"licence=nan", "\"licence\" has the amount \"nan\""},
      {"licence=1=2", "\"licence\" has the amount \"1=2\""},
      {"=1", "a resource has no name"},
      {"a=1,,b=1", "a resource has no name"},
      {"a=1,", "nothing follows the last comma"},
      {"a=1, b=1", "\" b\" has a space"},
      {"a=1,b=1,a=2", "\"a\" stands there twice"},
      {"gpus=2", "\"gpus\" is no custom resource: it has an option of its own"}};
  for (const auto& [text, problem] : wrong) {
    EXPECT_THAT(refusal(load({{"GLINT_RESOURCES", text}})),
                AllOf(HasSubstr("variable GLINT_RESOURCES"), HasSubstr("resources = \"" + text + "\""),
                      HasSubstr(problem), HasSubstr("expected names with amounts")))
        << text;
  }
  EXPECT_THAT(refusal(load({}, {}, {.resources = "tape"})), HasSubstr("config.resources"));
}

TEST(ConfigResources, TheTimeBeforeAReportIsNotNegative) {
  EXPECT_THAT(refusal(load({}, {"--glint-report-waiting-after-s=-1"})), HasSubstr("report_waiting_after_s = \"-1\""));
  EXPECT_EQ(load({}, {"--glint-report-waiting-after-s=0"}).value().report_waiting_after_s, 0);
}

}  // namespace
}  // namespace glint
