// Reads pairs of versions, tab-separated; prints how NuGet.Versioning inside nuget.exe (its path is the argument) orders
// each; "!" for an error. Debian: apt-get install mono-runtime mono-mcs; mcs Compare.cs; mono Compare.exe nuget.exe
using System;
using System.Linq;
using System.Reflection;

static class Program {
    static void Main(string[] args) {
        var type = Assembly.LoadFrom(args[0]).GetType("NuGet.Versioning.NuGetVersion", true);
        var parse = type.GetMethods().First(m => m.Name == "TryParse" && m.GetParameters().Length == 2 && m.DeclaringType == type);
        for (string line; (line = Console.In.ReadLine()) != null; ) {
            var pair = line.Split('\t').Select(text => {
                var call = new object[] { text, null };
                return (bool)parse.Invoke(null, call) ? (IComparable)call[1] : null;
            }).ToArray();
            Console.WriteLine(pair.Contains(null) ? "!" : "<=>".Substring(Math.Sign(pair[0].CompareTo(pair[1])) + 1, 1));
        }
    }
}
