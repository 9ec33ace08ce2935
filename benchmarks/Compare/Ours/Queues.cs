using System.Diagnostics;
using Multiprocessing;

namespace Compare;

/// <summary>Items through one queue, in millions a second. A single consumer is this process; producers, and several consumers, are children.</summary>
internal static class Queues
{
    private const int LeastItems = 4000;
    private const int MostItems = 8_000_000;

    // The compiler's own thread has to share the processors, and comes back to a method twice.
    private static readonly TimeSpan s_leastWarmUp = TimeSpan.FromSeconds(0.6);
    private static readonly TimeSpan s_steady = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan s_mostWarmUp = TimeSpan.FromSeconds(4);

    internal static double[] OfNumbers(Effort effort, int producers, int consumers) => Measure<int, Numbers>(effort, producers, consumers);

    internal static double[] OfRecords(Effort effort) => Measure<Trade, Trades>(effort, 1, 1);

    private static double[] Measure<T, TItems>(Effort effort, int producers, int consumers)
        where TItems : IItems<T>
    {
        using ProcessQueue<T> queue = new();
        List<Worker> takers = [];
        List<Worker> makers = [];
        try
        {
            for (int i = 0; i < consumers && consumers > 1; i++)
            {
                takers.Add(new Worker(i, count => Take<T, TItems>(queue, count)));
            }

            for (int i = 0; i < producers; i++)
            {
                makers.Add(new Worker(consumers + i, count => Put<T, TItems>(queue, count)));
            }

            int items = WarmUp(effort, producers * consumers, count => Round<T, TItems>(queue, makers, takers, count));
            double[] samples = new double[effort.Pick(5, 3)];
            for (int i = 0; i < samples.Length; i++)
            {
                samples[i] = items / Round<T, TItems>(queue, makers, takers, items) / 1e6;
            }

            return samples;
        }
        finally
        {
            makers.ForEach(maker => maker.Dispose());
            takers.ForEach(taker => taker.Dispose());
        }
    }

    /// <summary>Rounds until the rate has not risen for a while, and a round takes about as long as it is to take.</summary>
    /// <param name="effort">How long that is.</param>
    /// <param name="multiple">What the number of items must be a multiple of.</param>
    /// <param name="round">Takes so many items through the queue, and tells the seconds.</param>
    /// <returns>How many items that is.</returns>
    private static int WarmUp(Effort effort, int multiple, Func<int, double> round)
    {
        double wanted = effort.Pick(0.3, 0.1);
        int items = LeastItems;
        double best = 0;
        long start = Stopwatch.GetTimestamp();
        long risen = start;
        while (true)
        {
            double took = round(items);
            double rate = items / took;
            if (rate > best * 1.05)
            {
                best = rate;
                risen = Stopwatch.GetTimestamp();
            }

            items = (int)Math.Clamp(items * Math.Clamp(wanted / took, 0.5, 8), LeastItems, MostItems) / multiple * multiple;
            bool isSteady = Stopwatch.GetElapsedTime(start) > s_leastWarmUp && Stopwatch.GetElapsedTime(risen) > s_steady && (took > wanted / 2 || items > MostItems / 2);
            if (isSteady || Stopwatch.GetElapsedTime(start) > s_mostWarmUp)
            {
                return items;
            }
        }
    }

    /// <returns>The seconds from the start to the last item taken.</returns>
    private static double Round<T, TItems>(ProcessQueue<T> queue, List<Worker> makers, List<Worker> takers, int items)
        where TItems : IItems<T>
    {
        int share = items / makers.Count;
        long start = Stopwatch.GetTimestamp();
        takers.ForEach(taker => taker.Begin(items / takers.Count));
        makers.ForEach(maker => maker.Begin(share));
        long taken = takers.Count > 0 ? takers.Sum(taker => taker.End()) : TakeHere<T, TItems>(queue, items);
        double took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long made = makers.Sum(maker => maker.End());
        Arrived.Check(made, taken);
        Arrived.Check(makers.Count * ((long)share * (share - 1) / 2), taken);
        Arrived.Check(0, queue.Count);
        return took;
    }

    private static long TakeHere<T, TItems>(ProcessQueue<T> queue, int count)
        where TItems : IItems<T>
    {
        Placement.Stay(Placement.Processor(0));
        try
        {
            return Take<T, TItems>(queue, count);
        }
        finally
        {
            Placement.Roam();
        }
    }

    private static long Take<T, TItems>(ProcessQueue<T> queue, int count)
        where TItems : IItems<T>
    {
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += TItems.NumberOf(queue.Get());
        }

        return sum;
    }

    private static long Put<T, TItems>(ProcessQueue<T> queue, int count)
        where TItems : IItems<T>
    {
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            queue.Put(TItems.Make(i));
            sum += i;
        }

        return sum;
    }
}
