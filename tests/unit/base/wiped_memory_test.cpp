#include <memory>

#include "base/json.hpp"
#include "base/json_value.hpp"
#include "base/wiped_free.hpp"
#include "support/catch.hpp"
#include "support/secret_in_memory.hpp"

using namespace hatchery;
using testing::secret_text;
using testing::times_in_memory;

TEST_CASE("what is freed is wiped: strings that grow, JSON trees, buffers") {
    if (!testing::wipes_what_is_freed) return;
    const auto before = times_in_memory();
    {
        std::string grown;
        for (int i = 0; i < 50; ++i) grown += secret_text(1);
        const auto json = base::parse_json("{\"token\": \"" + secret_text(20) + "\"}");
        REQUIRE(json);
        const base::Json copy = *json;
        const auto array = std::make_unique<std::string[]>(3);
        array[1] = secret_text(3);
        const auto dumped = base::dump_json(copy);
        // Counted while it lives: the search finds what there is.
        CHECK(times_in_memory() > before + 50);
        CHECK(dumped.size() > 400);
    }
    CHECK(times_in_memory() == before);
}

TEST_CASE("a reallocation leaves nothing where the memory was") {
    const auto before = times_in_memory();
    const auto text = std::make_unique<std::string>(secret_text(4));
    const auto with_text = times_in_memory();
    auto* memory = static_cast<char*>(base::wiped_realloc(nullptr, text->size()));
    text->copy(memory, text->size());
    CHECK(times_in_memory() == with_text + 4);
    memory = static_cast<char*>(base::wiped_realloc(memory, 100'000));
    CHECK(times_in_memory() == with_text + 4);
    CHECK(std::string_view(memory, text->size()) == *text);
    memory = static_cast<char*>(base::wiped_realloc(memory, 30));
    CHECK(std::string_view(memory, 30) == std::string_view(*text).substr(0, 30));
    CHECK(base::wiped_realloc(memory, 0) == nullptr);
    base::wiped_free(nullptr);
    CHECK(times_in_memory() == with_text);
    CHECK(with_text == before + 4);
}
