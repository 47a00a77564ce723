from parking_monitor.cloud.takeover_watch import ENDS_IN_A_ROW, SHORT_LIFE_S, TakeoverWatch


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def live(watch: TakeoverWatch, clock: Clock, life_s: float, *, hung_up: bool = True) -> None:
    watch.connected()
    clock.now_s += life_s
    watch.ended(hung_up=hung_up, taken_over=False)


def test_connections_that_end_again_and_again_without_a_word_are_suspect() -> None:
    clock = Clock()
    watch = TakeoverWatch(clock)
    for _ in range(ENDS_IN_A_ROW):
        assert not watch.is_suspected
        live(watch, clock, 5.0)

    assert watch.is_suspected
    watch.connected()
    assert watch.is_suspected


def test_a_broker_that_says_so_is_believed_at_once() -> None:
    watch = TakeoverWatch(Clock())
    watch.connected()
    watch.ended(hung_up=False, taken_over=True)

    assert watch.is_suspected


def test_a_connection_that_lasts_ends_the_suspicion() -> None:
    clock = Clock()
    watch = TakeoverWatch(clock)
    for _ in range(ENDS_IN_A_ROW):
        live(watch, clock, 5.0)
    watch.connected()
    clock.now_s += SHORT_LIFE_S

    assert not watch.is_suspected


def test_long_connections_that_end_are_not_suspect() -> None:
    clock = Clock()
    watch = TakeoverWatch(clock)
    for _ in range(10):
        live(watch, clock, SHORT_LIFE_S + 1)

    assert not watch.is_suspected


def test_a_network_that_fails_is_not_suspect() -> None:
    clock = Clock()
    watch = TakeoverWatch(clock)
    for _ in range(10):
        live(watch, clock, 5.0, hung_up=False)

    assert not watch.is_suspected
