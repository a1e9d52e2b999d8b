#include "core/requirements.hpp"

#include "base/json_value.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using base::Json;

namespace {

Json names(int count) {
    Json object = Json::object();
    for (int i = 0; i < count; ++i) object["name" + std::to_string(i)] = i;
    return object;
}

}  // namespace

TEST_CASE("requirements are flat, few and small, and what is wrong is named") {
    struct Row {
        Json requirements;
        /// "-" where the whole is wrong, nothing where it is right.
        std::string wrong;
    };
    const std::vector<Row> rows = {
        {Json::object(), ""},
        {{{"region", "fsn1"}, {"gpu", true}, {"cpus", {{"min", 4}}}}, ""},
        {{{"region", {"fsn1", "nbg1"}}}, ""},
        {names(16), ""},
        {{{std::string(64, 'n'), 1}}, ""},
        {{{"a", std::vector<int>(32, 7)}}, ""},
        {{{"a", std::string(2'000, 'x')}}, ""},
        {Json::array(), "-"},
        {"region", "-"},
        {nullptr, "-"},
        {{{"a", nullptr}}, "a"},
        {{{"a", Json::array()}}, "a"},
        {{{"a", Json::object()}}, "a"},
        {{{"a", {{"max", 1}}}}, "a"},
        {{{"a", {{"min", "4"}}}}, "a"},
        {{{"a", {{"min", 4}, {"max", 5}}}}, "a"},
        {{{"a", Json::array({Json::array({1})})}}, "a"},
        {names(17), "-"},
        {{{std::string(65, 'n'), 1}}, "-"},
        {{{"a", std::vector<int>(33, 7)}}, "a"},
        {{{"a", std::string(5'000, 'x')}}, "-"},
        {{{"a", std::string("x\0", 2)}}, "a"},
        {{{"a", {"x", std::string("\0", 1)}}}, "a"},
        {{{std::string("a\0", 2), 1}}, "-"},
    };
    for (const auto& row : rows) {
        CAPTURE(base::dump_json(row.requirements).substr(0, 100));
        const auto checked = core::check_requirements(row.requirements);
        CHECK(checked.has_value() == row.wrong.empty());
        if (!checked)
            CHECK((checked.error().code.empty() ? "-" : checked.error().code) == row.wrong);
    }
}
