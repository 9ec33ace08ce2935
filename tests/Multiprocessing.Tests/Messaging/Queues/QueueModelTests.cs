namespace Multiprocessing.Tests;

/// <summary>All interleavings of the queue's steps, with SIGKILL between any two: see <see cref="QueueModel"/>.</summary>
public sealed class QueueModelTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(100);

    [Theory]
    [InlineData(1, 3, 1, 0, 0)]
    [InlineData(1, 2, 1, 0, 1)]
    [InlineData(1, 2, 2, 0, 1)]
    [InlineData(2, 1, 1, 0, 1)]
    [InlineData(1, 2, 1, 1, 1)]
    [InlineData(2, 1, 1, 1, 1)]
    [TimeLimit(120)]
    public void Nothing_is_lost_or_doubled_and_nobody_sleeps_in_vain_whoever_is_killed(int producers, int items, int consumers, int capacity, int kills)
    {
        QueueModel model = new(producers, items, consumers, capacity, kills);
        model.Explore(s_limit);
        TestContext.Current.SendDiagnosticMessage($"{producers} producers, {items} items each, {consumers} consumers, capacity {capacity}, {kills} killed: {model.States} states");
    }

    [Theory]
    [InlineData(QueueModel.Flaw.NoDuty, 1, 1, 1, 0)]
    [InlineData(QueueModel.Flaw.NoCompare, 1, 1, 1, 0)]
    [InlineData(QueueModel.Flaw.ClaimWithoutCompare, 1, 1, 2, 0)]
    [InlineData(QueueModel.Flaw.NoBaton, 1, 2, 2, 0)]
    [InlineData(QueueModel.Flaw.AnnounceWithoutSecondLook, 2, 1, 1, 1)]
    [InlineData(QueueModel.Flaw.TrustsFlagOfDead, 2, 1, 1, 1)]
    [TimeLimit(120)]
    public void The_model_finds_what_is_wrong(object flaw, int producers, int items, int consumers, int capacity) =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => new QueueModel(producers, items, consumers, capacity, kills: 1, (QueueModel.Flaw)flaw).Explore(s_limit));

    [Theory]
    [InlineData(1, 1, 0, 1, 1, 1)]
    [InlineData(1, 1, 0, 2, 0, 1)]
    [InlineData(2, 2, 0, 1, 0, 1)]
    [InlineData(0, 0, 1, 1, 0, 1)]
    [InlineData(1, 1, 0, 1, 1, 2)]
    [InlineData(1, 1, 1, 1, 0, 1)]
    [TimeLimit(120)]
    public void Join_and_the_end_are_told_to_all_who_wait_for_them_whoever_is_killed(int items, int consumers, int puts, int joins, int ends, int kills)
    {
        JoinModel model = new(items, consumers, puts, joins, ends, kills);
        model.Explore(s_limit);
        TestContext.Current.SendDiagnosticMessage($"{items} items, {consumers} consumers, {puts} puts, {joins} joins, {ends} ends, {kills} killed: {model.States} states");
    }

    [Theory]
    [InlineData(JoinModel.Flaw.NoDuty, 1, 1, 0, 0, 1, 1)]
    [InlineData(JoinModel.Flaw.NoDeathsWatched, 1, 1, 0, 1, 0, 1)]
    [InlineData(JoinModel.Flaw.WakesOwnKind, 1, 1, 0, 2, 0, 1)]
    [InlineData(JoinModel.Flaw.TrustsFlagOfDead, 1, 1, 0, 1, 1, 1)]
    [InlineData(JoinModel.Flaw.WithdrawsInNobodysHands, 0, 0, 1, 1, 0, 0)]
    [TimeLimit(120)]
    public void The_model_of_Join_finds_what_is_wrong(object flaw, int items, int consumers, int puts, int joins, int ends, int kills) =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => new JoinModel(items, consumers, puts, joins, ends, kills, (JoinModel.Flaw)flaw).Explore(s_limit));
}
